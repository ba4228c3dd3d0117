// Recorded requests, signed once more by AWS's own signer with what they were signed with: the whole
// Authorization must be the same. Credentials stand in AWS_*, the token in each request.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';

const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_REGION: region } = process.env;
const must = ['host', 'x-amz-date'];
const seen = { POST: 0, account: 0, identities: 0, token: 0, paths: new Set() };

const lines = readFileSync(process.argv[2], 'utf8').trimEnd().split('\n');
for (const line of lines) {
  const { method, url, headers, body } = JSON.parse(line);
  const names = headers.authorization.match(/SignedHeaders=([^,]*)/)[1].split(';');
  const needed = [...must, ...Object.keys(headers).filter((n) => n.startsWith('x-amz-') || n === 'content-type')];
  for (const name of needed) assert.ok(names.includes(name), `${name} is not signed: ${line}`);

  const sessionToken = headers['x-amz-security-token'];
  const signer = new SignatureV4({
    credentials: { accessKeyId, secretAccessKey, sessionToken }, region, service: 'ses', sha256: Sha256, applyChecksum: false,
  });
  const [hostname, port] = headers.host.split(':');
  const { pathname, search } = new URL(url, 'http://h');
  assert.equal(pathname + search, url, 'the path is sent as it is signed');
  const signingDate = new Date(headers['x-amz-date'].replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z'));
  const again = await signer.sign(
    {
      method, protocol: 'http:', hostname, port: Number(port), path: pathname, query: Object.fromEntries(new URLSearchParams(search)),
      headers: Object.fromEntries(names.map((n) => [n, headers[n]])), body: Buffer.from(body, 'base64'),
    },
    { signingDate },
  );
  assert.equal(headers.authorization, again.headers.authorization, line.slice(0, 2000));

  seen.POST += method === 'POST';
  seen.account += url.endsWith('/account');
  seen.identities += url.includes('/identities/');
  seen.token += sessionToken !== undefined;
  seen.paths.add(pathname);
}
console.log(`${lines.length} signatures`, seen);
assert.ok(seen.POST >= 28 && seen.account >= 5 && seen.identities >= 16 && seen.token >= 14, 'too few requests were recorded');
