# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_pullgated_global_optspecs
    string join \n config-dir= token-file= control-socket= state-dir= enrollment= spool-limit= h/help V/version
end

function __fish_pullgated_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_pullgated_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_pullgated_using_subcommand
    set -l cmd (__fish_pullgated_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c pullgated -n "__fish_pullgated_needs_command" -l config-dir -d 'Directory of Docker\'s `config.json` [default: $DOCKER_CONFIG, else ~/.docker, or that of the docker snap]' -r -F
complete -c pullgated -n "__fish_pullgated_needs_command" -l token-file -d 'For machines that no person signs in to: a file with one access token, which is used instead of the Docker credentials; root\'s or the agent\'s own, mode 0600 [default: $PULLGATE_TOKEN_FILE, else none]' -r -F
complete -c pullgated -n "__fish_pullgated_needs_command" -l control-socket -d 'The plugin\'s control socket' -r -F
complete -c pullgated -n "__fish_pullgated_needs_command" -l state-dir -d 'Where documents and records are kept [default: $STATE_DIRECTORY as systemd sets it, else $XDG_STATE_HOME/pullgate, else ~/.local/state/pullgate]' -r -F
complete -c pullgated -n "__fish_pullgated_needs_command" -l enrollment -d 'The enrollment file' -r -F
complete -c pullgated -n "__fish_pullgated_needs_command" -l spool-limit -d 'Most bytes of records that wait on disk for the service; beyond, the oldest are dropped and counted' -r
complete -c pullgated -n "__fish_pullgated_needs_command" -s h -l help -d 'Print help'
complete -c pullgated -n "__fish_pullgated_needs_command" -s V -l version -d 'Print version'
complete -c pullgated -n "__fish_pullgated_needs_command" -f -a "credentials" -d 'Show once whom the Docker credentials name, as the agent reads them; never a secret'
complete -c pullgated -n "__fish_pullgated_needs_command" -f -a "reach" -d 'Look once whether the enrolled service can be reached, and print one JSON object; no credential is shown'
complete -c pullgated -n "__fish_pullgated_needs_command" -f -a "login" -d 'Sign in with the organization\'s identity provider, and keep the access token where `docker login` would'
complete -c pullgated -n "__fish_pullgated_needs_command" -f -a "request-access" -d 'Ask the organization to allow an image, or show what became of it'
complete -c pullgated -n "__fish_pullgated_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pullgated -n "__fish_pullgated_using_subcommand credentials" -l key -d 'Registry or service whose sign-in is looked for [default: the enrolled service, else Docker Hub]' -r
complete -c pullgated -n "__fish_pullgated_using_subcommand credentials" -l config-dir -d 'Directory of Docker\'s `config.json` [default: $DOCKER_CONFIG, else ~/.docker, or that of the docker snap]' -r -F
complete -c pullgated -n "__fish_pullgated_using_subcommand credentials" -l token-file -d 'For machines that no person signs in to: a file with one access token, which is used instead of the Docker credentials; root\'s or the agent\'s own, mode 0600 [default: $PULLGATE_TOKEN_FILE, else none]' -r -F
complete -c pullgated -n "__fish_pullgated_using_subcommand credentials" -l control-socket -d 'The plugin\'s control socket' -r -F
complete -c pullgated -n "__fish_pullgated_using_subcommand credentials" -l enrollment -d 'The enrollment file' -r -F
complete -c pullgated -n "__fish_pullgated_using_subcommand credentials" -l json -d 'Print one JSON object'
complete -c pullgated -n "__fish_pullgated_using_subcommand credentials" -s h -l help -d 'Print help'
complete -c pullgated -n "__fish_pullgated_using_subcommand reach" -l config-dir -d 'Directory of Docker\'s `config.json` [default: $DOCKER_CONFIG, else ~/.docker, or that of the docker snap]' -r -F
complete -c pullgated -n "__fish_pullgated_using_subcommand reach" -l token-file -d 'For machines that no person signs in to: a file with one access token, which is used instead of the Docker credentials; root\'s or the agent\'s own, mode 0600 [default: $PULLGATE_TOKEN_FILE, else none]' -r -F
complete -c pullgated -n "__fish_pullgated_using_subcommand reach" -l control-socket -d 'The plugin\'s control socket' -r -F
complete -c pullgated -n "__fish_pullgated_using_subcommand reach" -l enrollment -d 'The enrollment file' -r -F
complete -c pullgated -n "__fish_pullgated_using_subcommand reach" -s h -l help -d 'Print help'
complete -c pullgated -n "__fish_pullgated_using_subcommand login" -l config-dir -d 'Directory of Docker\'s `config.json` [default: $DOCKER_CONFIG, else ~/.docker, or that of the docker snap]' -r -F
complete -c pullgated -n "__fish_pullgated_using_subcommand login" -l token-file -d 'For machines that no person signs in to: a file with one access token, which is used instead of the Docker credentials; root\'s or the agent\'s own, mode 0600 [default: $PULLGATE_TOKEN_FILE, else none]' -r -F
complete -c pullgated -n "__fish_pullgated_using_subcommand login" -l control-socket -d 'The plugin\'s control socket' -r -F
complete -c pullgated -n "__fish_pullgated_using_subcommand login" -l enrollment -d 'The enrollment file' -r -F
complete -c pullgated -n "__fish_pullgated_using_subcommand login" -l json -d 'Print one JSON object with the page and the code, and one with the outcome'
complete -c pullgated -n "__fish_pullgated_using_subcommand login" -s h -l help -d 'Print help'
complete -c pullgated -n "__fish_pullgated_using_subcommand request-access" -l reason -d 'Why it is needed; whoever decides reads it' -r
complete -c pullgated -n "__fish_pullgated_using_subcommand request-access" -l decision -d 'The refusal that it is about, as its text names it' -r
complete -c pullgated -n "__fish_pullgated_using_subcommand request-access" -l withdraw -d 'Take a request back that waits' -r
complete -c pullgated -n "__fish_pullgated_using_subcommand request-access" -l config-dir -d 'Directory of Docker\'s `config.json` [default: $DOCKER_CONFIG, else ~/.docker, or that of the docker snap]' -r -F
complete -c pullgated -n "__fish_pullgated_using_subcommand request-access" -l token-file -d 'For machines that no person signs in to: a file with one access token, which is used instead of the Docker credentials; root\'s or the agent\'s own, mode 0600 [default: $PULLGATE_TOKEN_FILE, else none]' -r -F
complete -c pullgated -n "__fish_pullgated_using_subcommand request-access" -l control-socket -d 'The plugin\'s control socket' -r -F
complete -c pullgated -n "__fish_pullgated_using_subcommand request-access" -l enrollment -d 'The enrollment file' -r -F
complete -c pullgated -n "__fish_pullgated_using_subcommand request-access" -l list -d 'Show what you asked for, and the answers'
complete -c pullgated -n "__fish_pullgated_using_subcommand request-access" -l json -d 'Print JSON, one object a line'
complete -c pullgated -n "__fish_pullgated_using_subcommand request-access" -s h -l help -d 'Print help'
complete -c pullgated -n "__fish_pullgated_using_subcommand help; and not __fish_seen_subcommand_from credentials reach login request-access help" -f -a "credentials" -d 'Show once whom the Docker credentials name, as the agent reads them; never a secret'
complete -c pullgated -n "__fish_pullgated_using_subcommand help; and not __fish_seen_subcommand_from credentials reach login request-access help" -f -a "reach" -d 'Look once whether the enrolled service can be reached, and print one JSON object; no credential is shown'
complete -c pullgated -n "__fish_pullgated_using_subcommand help; and not __fish_seen_subcommand_from credentials reach login request-access help" -f -a "login" -d 'Sign in with the organization\'s identity provider, and keep the access token where `docker login` would'
complete -c pullgated -n "__fish_pullgated_using_subcommand help; and not __fish_seen_subcommand_from credentials reach login request-access help" -f -a "request-access" -d 'Ask the organization to allow an image, or show what became of it'
complete -c pullgated -n "__fish_pullgated_using_subcommand help; and not __fish_seen_subcommand_from credentials reach login request-access help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
