# An authorization plugin that lets everything pass.
use strict; use warnings; use IO::Socket::UNIX;
mkdir "/run/docker"; mkdir "/run/docker/plugins"; my $path = "/run/docker/plugins/other.sock"; unlink $path;
my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 128) or die $!;
while (my $client = $listener->accept) {
    my ($line, $length) = (scalar <$client>, 0);
    while (defined(my $header = <$client>)) { last if $header eq "\r\n"; $length = $1 if $header =~ /^content-length: (\d+)/i }
    read $client, my $body, $length if $length;
    my $answer = $line =~ /Activate/ ? '{"Implements":["authz"]}' : '{"Allow":true}';
    print $client "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " . length($answer) . "\r\n\r\n$answer";
    close $client;
}
