<?php
// phpseclib.php AUTOLOADER PORT USER PASSWORD (LINK TARGET)...: with phpseclib 2 or 3.
require $argv[1];
$class = class_exists('phpseclib3\Net\SFTP') ? 'phpseclib3\Net\SFTP' : 'phpseclib\Net\SFTP';
$sftp = new $class('127.0.0.1', (int)$argv[2]);
if (!$sftp->login($argv[3], $argv[4])) {
    exit(1);
}
for ($i = 5; $i + 1 < $argc; $i += 2) {
    if (!$sftp->symlink($argv[$i + 1], $argv[$i])) {
        exit(2);
    }
}
