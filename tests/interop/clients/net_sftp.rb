# net_sftp.rb PORT USER PASSWORD ORDER (LINK TARGET)...: with net-sftp, whose symlink() takes either first.
require 'net/sftp'

port, user, password, order, *links = ARGV
options = { port: port.to_i, password: password, non_interactive: true, auth_methods: ['password'], verify_host_key: :never,
            host_key: ['ecdsa-sha2-nistp256'], config: false }
Net::SFTP.start('127.0.0.1', user, options, { version: ENV.fetch('SFTP_VERSION', '3').to_i }) do |sftp|
  links.each_slice(2) do |link, target|
    order == 'link' ? sftp.symlink!(link, target) : sftp.symlink!(target, link)
  end
end
