# foreign.pl PORT USER SSH-OPTIONS SOURCE BACK: the work of test_workflows.py by Net::SFTP::Foreign.
use strict;
use warnings;
use Net::SFTP::Foreign;
use Net::SFTP::Foreign::Constants qw(:flags);

my ($port, $user, $options, $source, $back) = @ARGV;
sub session {
    return Net::SFTP::Foreign->new(host => '127.0.0.1', port => $port, user => $user, more => [split /\n/, $options], autodie => 1, @_);
}

# Names of local files are bytes, which this charset leaves alone. On the way back Perl would write its own form of such a name, which
# is UTF-8.
my ($sftp, $back_sftp) = (session(fs_encoding => 'iso-8859-1'), session(fs_encoding => 'utf8'));

sub check { my ($ok, $what) = @_; $ok or die "$what\n"; }

sub content {
    my ($path) = @_;
    open my $file, '<:raw', $path or die $!;
    local $/;
    return scalar <$file>;
}

my $errors = 0;
my $complain = sub { $errors++; warn $_[0]->error, " $_[1]{filename}\n"; };
$sftp->rput($source, '/there', copy_time => 1, on_error => $complain);
rmdir $back; # it makes it itself
$back_sftp->rget('/there', $back, on_error => $complain);
check(!$errors, 'trees');
check(scalar(my @found = $sftp->find("/there", wanted => sub { $_[1]{filename} =~ /larger$/ })) == 1, "find");

$sftp->mkpath('/desk/deep/er');
$sftp->rremove('/desk/deep');
$sftp->setcwd('/desk');
my $data = content("$source/larger");
$sftp->put_content(substr($data, 0, int(length($data) / 3)), 'resumed');
$sftp->put("$source/larger", 'resumed', resume => 1);
check($sftp->get_content('resumed') eq $data, 'get_content');
$sftp->put_content('one', 'appended');
my $handle = $sftp->open('appended', SSH2_FXF_WRITE | SSH2_FXF_APPEND);
$sftp->write($handle, ' two');
$sftp->close($handle);
$sftp->put_content('plain', 'plain');
$sftp->rename('plain', 'renamed');
$sftp->put_content('mode', 'mode');
$sftp->chmod('mode', 0640);
check(($sftp->stat('mode')->perm & 07777) == 0640, 'stat');
$sftp->symlink('link', 'renamed');
check($sftp->readlink('link') eq 'renamed', 'readlink');
$sftp->put_content('x', 'removed');
$sftp->remove('removed');
check(!$sftp->test_e('removed'), 'remove');
check(scalar(@{$sftp->ls('/desk', wanted => qr/^re/)}) == 2, 'ls');
check($sftp->statvfs('/desk')->{bsize} > 0, 'statvfs');
$handle = $sftp->open('resumed');
$sftp->seek($handle, 1000, 0);
check($sftp->read($handle, 5000) eq substr($data, 1000, 5000), 'seek');
$sftp->close($handle);
