// node.js MODULES PORT USER PASSWORD SOURCE BACK: the work of test_workflows.py by ssh2-sftp-client.
const [modules, port, username, password, source, back] = process.argv.slice(2);
const Client = require(modules + '/ssh2-sftp-client');
const assert = require('assert');
const fs = require('fs');

async function work(sftp) {
  await sftp.uploadDir(source, '/there');
  await sftp.downloadDir('/there', back);

  await sftp.mkdir('/desk/deep/er', true);
  await sftp.rmdir('/desk/deep', true);
  const data = fs.readFileSync(source + '/larger');
  const third = Math.floor(data.length / 3);
  await sftp.put(data.subarray(0, third), '/desk/resumed');
  await sftp.put(data.subarray(third), '/desk/resumed', { writeStreamOptions: { flags: 'a' } });
  await sftp.fastPut(source + '/larger', '/desk/removed', { concurrency: 16, chunkSize: 32768 });
  await sftp.fastGet('/desk/removed', back + '/part', { concurrency: 16, chunkSize: 32768 });
  assert(fs.readFileSync(back + '/part').equals(data));
  fs.unlinkSync(back + '/part');
  assert((await sftp.get('/desk/resumed')).equals(data));
  await sftp.put(Buffer.from('one'), '/desk/appended');
  await sftp.append(Buffer.from(' two'), '/desk/appended');
  await sftp.put(Buffer.from('plain'), '/desk/plain');
  await sftp.posixRename('/desk/plain', '/desk/renamed');
  await sftp.put(Buffer.from('mode'), '/desk/mode');
  await sftp.chmod('/desk/mode', 0o640);
  const stat = await sftp.stat('/desk/mode');
  assert.strictEqual(stat.mode & 0o7777, 0o640);
  assert.strictEqual(stat.size, 4);
  await new Promise((done, fail) => sftp.sftp.symlink('renamed', '/desk/link', (error) => error ? fail(error) : done()));
  assert.strictEqual(await sftp.exists('/desk/link'), 'l');
  await sftp.delete('/desk/removed');
  assert.strictEqual(await sftp.exists('/desk/removed'), false);
  assert.strictEqual((await sftp.list('/desk', (entry) => entry.name.startsWith('re'))).length, 2);
  assert.strictEqual(await sftp.realPath('/desk/../desk/mode'), '/desk/mode');
  await assert.rejects(sftp.get('/desk/nothing'));
}

const sftp = new Client();
sftp.connect({ host: '127.0.0.1', port: Number(port), username, password })
  .then(() => work(sftp))
  .then(() => sftp.end())
  .catch((error) => { console.error(error); process.exit(1); });
