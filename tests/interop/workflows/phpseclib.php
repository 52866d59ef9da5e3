<?php
// phpseclib.php AUTOLOADER PORT USER PASSWORD SOURCE BACK: the work of test_workflows.py by phpseclib 2 or 3.
require $argv[1];
$class = class_exists('phpseclib3\Net\SFTP') ? 'phpseclib3\Net\SFTP' : 'phpseclib\Net\SFTP';
[, , $port, $user, $password, $source, $back] = $argv;
$sftp = new $class('127.0.0.1', (int)$port);

function check($ok, $what)
{
    global $sftp;
    if (!$ok) {
        fwrite(STDERR, "$what: " . json_encode($sftp->getErrors()) . "\n");
        exit(1);
    }
}

function put($local, $remote)
{
    global $sftp, $class;
    if (!is_dir($local)) {
        check($sftp->put($remote, $local, $class::SOURCE_LOCAL_FILE), "put $remote");
        check($sftp->touch($remote, filemtime($local)), "touch $remote");
        return;
    }
    check($sftp->mkdir($remote), "mkdir $remote");
    foreach (array_diff(scandir($local), ['.', '..']) as $name) {
        put("$local/$name", "$remote/$name");
    }
}

function get($remote, $local)
{
    global $sftp;
    @mkdir($local);
    $entries = $sftp->rawlist($remote);
    check($entries !== false, "rawlist $remote");
    foreach ($entries as $name => $attrs) {
        if ($name === '.' || $name === '..') {
            continue;
        }
        if (($attrs['type'] ?? 0) === 2) {
            get("$remote/$name", "$local/$name");
        } else {
            check($sftp->get("$remote/$name", "$local/$name") !== false, "get $remote/$name");
        }
    }
}

check($sftp->login($user, $password), 'login');
put($source, '/there');
get('/there', $back);

check($sftp->mkdir('/desk/deep/er', -1, true), 'mkdir -p');
check($sftp->delete('/desk/deep', true), 'delete -r');
check($sftp->chdir('/desk') && $sftp->pwd() === '/desk', 'chdir');
$data = file_get_contents("$source/larger");
check($sftp->put('resumed', substr($data, 0, intdiv(strlen($data), 3))), 'a third');
check($sftp->put("resumed", "$source/larger", $class::SOURCE_LOCAL_FILE, intdiv(strlen($data), 3), intdiv(strlen($data), 3)), "the rest");
check($sftp->get('resumed', false, 1000, 5000) === substr($data, 1000, 5000), 'a part');
check($sftp->put('appended', 'one') && $sftp->put('appended', ' two', $class::SOURCE_STRING, 3), 'append');
check($sftp->put('plain', 'plain') && $sftp->rename('plain', 'renamed'), 'rename');
check($sftp->put('mode', 'mode') && $sftp->chmod(0640, 'mode') !== false, 'chmod');
check(($sftp->stat('mode')['mode'] & 07777) === 0640 && $sftp->filesize('mode') === 4, 'stat');
check($sftp->symlink('renamed', 'link') && $sftp->readlink('link') === 'renamed' && $sftp->is_link('link'), 'symlink');
check($sftp->put('removed', 'x') && $sftp->delete('removed') && !$sftp->file_exists('removed'), 'delete');
check($sftp->truncate('renamed', 5), 'truncate');
check(count(array_filter($sftp->nlist('.'), fn($name) => $name[0] === 'r')) === 2, 'nlist');
$sftp->disconnect();
