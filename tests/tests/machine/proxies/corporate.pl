# A corporate proxy that lets nobody through without a password, and writes down whom it leads where: all roads lead to the
# machine's registry. `relay`: without asking for anything, for a host that is reached without the proxy.
# perl corporate.pl ADDRESS PORT [relay]
use strict;
use IO::Socket::INET;
my ($address, $port, $relay) = @ARGV;
my $want = 'Basic bWU6cEBzcw=='; # me:p@ss
my $listener = IO::Socket::INET->new(LocalAddr => $address, LocalPort => $port, Listen => 50, ReuseAddr => 1) or die $!;
$SIG{CHLD} = 'IGNORE';
while (1) {
    my $client = $listener->accept or next;
    next if fork;
    my $registry = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => 5000) or exit 1;
    unless ($relay) {
        my $head = '';
        while ($head !~ /\r\n\r\n/) { sysread($client, $head, 1, length $head) or exit 0 }
        my ($method, $target) = split / /, $head;
        my ($shown) = $head =~ /^Proxy-Authorization: (.*)\r$/mi;
        open my $log, '>>', '/run/corporate.log';
        syswrite $log, "$method $target " . ($shown eq $want ? 'let through' : 'refused') . "\n";
        unless ($shown eq $want) {
            syswrite $client, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            exit 0;
        }
        if ($method eq 'CONNECT') {
            syswrite $client, "HTTP/1.1 200 Connection Established\r\n\r\n";
        } else {
            # One request a connection: nothing has to be understood of what follows.
            $head =~ s{^(\S+) http://[^/ ]+}{$1 };
            $head =~ s/^(Proxy-Authorization|Proxy-Connection|Connection):.*\r\n//mig;
            $head =~ s/\r\n/\r\nConnection: close\r\n/;
            syswrite $registry, $head;
        }
    }
    my ($a, $b) = (fileno $client, fileno $registry);
    while (1) {
        my $ready = '';
        vec($ready, $_, 1) = 1 for $a, $b;
        select $ready, undef, undef, undef;
        for ([$client, $registry], [$registry, $client]) {
            my ($from, $to) = @$_;
            next unless vec($ready, fileno $from, 1);
            sysread($from, my $bytes, 65536) or exit 0;
            my $at = 0;
            while ($at < length $bytes) { $at += syswrite($to, $bytes, length($bytes) - $at, $at) || exit 0 }
        }
    }
}
