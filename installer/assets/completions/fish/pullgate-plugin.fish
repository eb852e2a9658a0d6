complete -c pullgate-plugin -l socket -d 'Socket on which the engine asks' -r -F
complete -c pullgate-plugin -l control-socket -d 'Socket on which the agent and the commands of this machine ask' -r -F
complete -c pullgate-plugin -l state-dir -d 'Where documents in force and their generations are kept' -r -F
complete -c pullgate-plugin -l enrollment -d 'The administrator\'s file: policy service, trusted keys, whether sign-in is enforced' -r -F
complete -c pullgate-plugin -l registry-json -d 'Docker\'s own file that enforces sign-in; counts where the enrollment has no `allowedOrgs`' -r -F
complete -c pullgate-plugin -l egress-file -d 'What `pullgate egress` put in place for the engine' -r -F
complete -c pullgate-plugin -l door-user -d 'The registry door\'s user, who may follow the documents in force and hand over decisions; a name of `/etc/passwd`, or a number. Root always may' -r
complete -c pullgate-plugin -s h -l help -d 'Print help'
complete -c pullgate-plugin -s V -l version -d 'Print version'
