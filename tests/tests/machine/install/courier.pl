# Carries one connection from the socket in the first argument to the one in the second. The plugin asks the system who
# calls it, and the system knows of nobody outside of the machine.
use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;

my ($here, $there) = @ARGV;
my $listener = IO::Socket::UNIX->new(Local => $here, Listen => 1) or die "$here: $!";
my $caller = $listener->accept;
my $plugin = IO::Socket::UNIX->new(Peer => $there) or die "$there: $!";
my $both = IO::Select->new($caller, $plugin);
while (my @ready = $both->can_read) {
    for my $from (@ready) {
        my $to = $from == $caller ? $plugin : $caller;
        sysread($from, my $bytes, 65536) or exit;
        while (length $bytes) {
            substr($bytes, 0, syswrite($to, $bytes) || exit) = '';
        }
    }
}
