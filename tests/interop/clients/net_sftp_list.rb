# net_sftp_list.rb PORT USER PASSWORD VERSION PATH: lists a directory and looks at each entry with net-sftp.
require 'net/sftp'

port, user, password, version, path = ARGV
options = { port: port.to_i, password: password, non_interactive: true, auth_methods: ['password'], verify_host_key: :never,
            host_key: ['ecdsa-sha2-nistp256'], config: false }
Net::SFTP.start('127.0.0.1', user, options, { version: version.to_i }) do |sftp|
  raise "version #{sftp.protocol.version}" unless sftp.protocol.version == version.to_i

  sftp.dir.entries(path).sort_by(&:name).each do |entry|
    looked = sftp.stat!("#{path}/#{entry.name}")
    puts [entry.name, entry.attributes.size, looked.size, looked.permissions & 0o7777].join(' ')
  end
end
