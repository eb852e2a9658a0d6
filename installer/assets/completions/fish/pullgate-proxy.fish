# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_pullgate_proxy_global_optspecs
    string join \n h/help V/version
end

function __fish_pullgate_proxy_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_pullgate_proxy_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_pullgate_proxy_using_subcommand
    set -l cmd (__fish_pullgate_proxy_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c pullgate-proxy -n "__fish_pullgate_proxy_needs_command" -s h -l help -d 'Print help'
complete -c pullgate-proxy -n "__fish_pullgate_proxy_needs_command" -s V -l version -d 'Print version'
complete -c pullgate-proxy -n "__fish_pullgate_proxy_needs_command" -f -a "serve" -d 'Serve the engine'
complete -c pullgate-proxy -n "__fish_pullgate_proxy_needs_command" -f -a "ca" -d 'Make this machine\'s certificate authority unless it is there, and print where the engine finds it'
complete -c pullgate-proxy -n "__fish_pullgate_proxy_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgate-proxy -n "__fish_pullgate_proxy_using_subcommand serve" -l listen -d 'Address of the forward proxy, for the engine\'s `proxies` settings' -r
complete -c pullgate-proxy -n "__fish_pullgate_proxy_using_subcommand serve" -l loopback-listen -d 'Addresses to which the firewall leads what the engine asks of loopback addresses' -r
complete -c pullgate-proxy -n "__fish_pullgate_proxy_using_subcommand serve" -l control-socket -d 'The plugin\'s control socket' -r -F
complete -c pullgate-proxy -n "__fish_pullgate_proxy_using_subcommand serve" -l enrollment -d 'The administrator\'s file: trusted keys, whether sign-in is enforced' -r -F
complete -c pullgate-proxy -n "__fish_pullgate_proxy_using_subcommand serve" -l registry-json -d 'Docker\'s own file that enforces sign-in' -r -F
complete -c pullgate-proxy -n "__fish_pullgate_proxy_using_subcommand serve" -l settings -d 'The door\'s settings; none: defaults' -r -F
complete -c pullgate-proxy -n "__fish_pullgate_proxy_using_subcommand serve" -l drain -d 'How long what is under way at SIGTERM may take to its end, in seconds; then it is cut, and engines ask for the rest. Who dials meanwhile waits for the next door' -r
complete -c pullgate-proxy -n "__fish_pullgate_proxy_using_subcommand serve" -l ca-dir -d 'Directory of `ca.key` (its owner\'s alone) and `trust/pullgate.pem` (for the engine\'s `SSL_CERT_DIR`)' -r -F
complete -c pullgate-proxy -n "__fish_pullgate_proxy_using_subcommand serve" -s h -l help -d 'Print help'
complete -c pullgate-proxy -n "__fish_pullgate_proxy_using_subcommand ca" -l ca-dir -d 'Directory of `ca.key` (its owner\'s alone) and `trust/pullgate.pem` (for the engine\'s `SSL_CERT_DIR`)' -r -F
complete -c pullgate-proxy -n "__fish_pullgate_proxy_using_subcommand ca" -l only -d 'It vouches for hosts of this domain only (X.509 name constraints); may be repeated' -r
complete -c pullgate-proxy -n "__fish_pullgate_proxy_using_subcommand ca" -s h -l help -d 'Print help'
complete -c pullgate-proxy -n "__fish_pullgate_proxy_using_subcommand help; and not __fish_seen_subcommand_from serve ca help" -f -a "serve" -d 'Serve the engine'
complete -c pullgate-proxy -n "__fish_pullgate_proxy_using_subcommand help; and not __fish_seen_subcommand_from serve ca help" -f -a "ca" -d 'Make this machine\'s certificate authority unless it is there, and print where the engine finds it'
complete -c pullgate-proxy -n "__fish_pullgate_proxy_using_subcommand help; and not __fish_seen_subcommand_from serve ca help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
