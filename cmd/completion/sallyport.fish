# Completion of sallyport for fish.

function __sallyport_settings
    sallyport settings 2>/dev/null | string match -r '^[a-z][a-z0-9_.]*$'
end

function __sallyport_wants_command
    test (count (commandline -opc)) -eq 1
end

function __sallyport_uses
    set -l words (commandline -opc)
    test (count $words) -gt 1; and test $words[2] = $argv[1]
end

complete -c sallyport -f
complete -c sallyport -n __sallyport_wants_command -a serve -d 'Serve a folder over SFTP'
complete -c sallyport -n __sallyport_wants_command -a settings -d 'Show all settings'
complete -c sallyport -n __sallyport_wants_command -a hash-password -d 'Hash a password'
complete -c sallyport -n __sallyport_wants_command -a help -d 'Show the help'
complete -c sallyport -n __sallyport_wants_command -l version -d 'Show the version'
complete -c sallyport -l help -d 'Show the help'

complete -c sallyport -n '__sallyport_uses serve' -a '(__fish_complete_directories)'
complete -c sallyport -n '__sallyport_uses serve' -l listen -x -a 'sftp://:2222 sftp://127.0.0.1:2222' -d 'Address to listen on'
complete -c sallyport -n '__sallyport_uses serve' -l user -x -d 'User who may log in: NAME or NAME:PASSWORD'
complete -c sallyport -n '__sallyport_uses serve' -l password-file -r -F -d 'File of users and passwords'
complete -c sallyport -n '__sallyport_uses serve' -l authorized-keys -r -F -d 'Keys that may log in'
complete -c sallyport -n '__sallyport_uses serve' -l host-key -r -F -d 'Private key of the server'
complete -c sallyport -n '__sallyport_uses serve' -l read-only -d 'Clients cannot change anything'
complete -c sallyport -n '__sallyport_uses serve' -l as -x -a '(__fish_complete_users)' -d 'Switch to this user once ports are bound'
complete -c sallyport -n '__sallyport_uses serve' -l no-sandbox -d 'Turn the sandbox off'
complete -c sallyport -n '__sallyport_uses serve' -l attributes -x -a 'owner=ignore permissions=ignore times=ignore acl=ignore' -d 'Attributes that clients cannot change'
complete -c sallyport -n '__sallyport_uses serve' -l set -x -a '(__sallyport_settings)=' -d 'Change a setting: NAME=VALUE'
complete -c sallyport -n '__sallyport_uses serve' -l log-format -x -a 'text json' -d 'Format of the log'
complete -c sallyport -n '__sallyport_uses serve' -s v -l verbose -d 'Log more'
complete -c sallyport -n '__sallyport_uses serve' -s q -l quiet -d 'Log errors only'

complete -c sallyport -n '__sallyport_uses settings' -a '(__sallyport_settings)'
complete -c sallyport -n '__sallyport_uses settings' -l mdoc -d 'Print a section of a manual page'
complete -c sallyport -n '__sallyport_uses help' -a 'serve settings hash-password help'
