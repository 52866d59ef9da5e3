// ssh2.js MODULES PORT USER PASSWORD (LINK TARGET)...: with node's ssh2.
const [modules, port, username, password, ...links] = process.argv.slice(2);
const { Client } = require(modules + '/ssh2');

function fail(error) {
  console.error(error);
  process.exit(1);
}

const client = new Client();
client.on('error', fail).on('ready', () => client.sftp((error, sftp) => {
  const next = () => {
    const [link, target] = links.splice(0, 2);
    if (link === undefined) return client.end();
    sftp.symlink(target, link, (failure) => failure ? fail(failure) : next());
  };
  error ? fail(error) : next();
})).connect({ host: '127.0.0.1', port: Number(port), username, password });
