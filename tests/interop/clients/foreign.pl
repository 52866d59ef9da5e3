# foreign.pl PORT USER SSH-OPTIONS (LINK TARGET)...: with Net::SFTP::Foreign.
use strict;
use warnings;
use Net::SFTP::Foreign;

my ($port, $user, $options, @links) = @ARGV;
my $sftp = Net::SFTP::Foreign->new(host => '127.0.0.1', port => $port, user => $user, more => [split /\n/, $options]);
$sftp->die_on_error;
while (my ($link, $target) = splice @links, 0, 2) {
    $sftp->symlink($link, $target) or die $sftp->error;
}
