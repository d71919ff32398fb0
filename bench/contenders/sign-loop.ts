// The ceiling of Issue and Refresh: the same two signatures, and nothing else. Started for one
// measurement; prints what it did as JSON.
import {
  createHash,
  createHmac,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { createProofCheck, targetUri } from '@signum/token';
import { jwtVerify, SignJWT } from 'jose';

const REQUEST = 'https://api.example/orders/4711?page=2';

const { kind, seconds } = JSON.parse(process.argv[2] ?? '') as { kind: string; seconds: number };
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const secret = randomBytes(32);
const claims = {
  iss: 'https://signum.bench.test',
  aud: 'https://api.bench.test',
  sub: '018f6b1c-7b0a-7c3e-9a55-000000000001',
  tid: 'acme',
  did: 'pixel-9-pro',
  sid: '018f6b1c-7b0a-7c3e-9a55-5d1e0f2b3c4d',
  jti: '018f6b1c-7b0a-7c3e-9a55-5d1e0f2b3c4e',
  iat: Math.floor(Date.now() / 1_000),
  exp: Math.floor(Date.now() / 1_000) + 3_600,
  scope: 'read write',
};
const input = Buffer.from(
  `${Buffer.from('{"alg":"ES256","typ":"at+jwt","kid":"key-1"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`,
);
const ecKey = {
  key: createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })),
  dsaEncoding: 'ieee-p1363',
} as const;
const signature = sign('sha256', input, ecKey);

const token = await accessToken();
const proofs = kind === 'proof' ? await makeProofs(4_096) : [];
const checkProof = createProofCheck({ ageS: 60, skewS: 60 });
let turn = 0;
const WORK: Readonly<Record<string, () => unknown>> = {
  jose: () => Promise.all([accessToken(), refreshToken()]),
  crypto: () => {
    sign('sha256', input, ecKey).toString('base64url');
    createHmac('sha256', secret).update(input).digest('base64url');
  },
  'jose-verify': () => jwtVerify(token, publicKey),
  'crypto-verify': () =>
    verify('sha256', input, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature),
  // Each proof comes as a string of its own, and is held against its request and its token.
  proof: () => {
    const proof = (proofs[turn++ % proofs.length] as Buffer).toString('latin1');
    const uri = targetUri(REQUEST) ?? '';
    const checked = checkProof(proof, { method: 'GET', uri, accessToken: token });
    if (typeof checked === 'string') throw new Error(checked);
  },
};

function makeProofs(count: number): Promise<Buffer[]> {
  const ath = createHash('sha256').update(token).digest('base64url');
  const jwk = publicKey.export({ format: 'jwk' });
  return Promise.all(
    Array.from({ length: count }, async () => {
      const jti = randomBytes(16).toString('base64url');
      const about = { jti, htm: 'GET', htu: REQUEST.split('?')[0], ath };
      const proof = await new SignJWT(about)
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
        .setIssuedAt()
        .sign(privateKey);
      return Buffer.from(proof, 'latin1');
    }),
  );
}

function accessToken(): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'key-1' })
    .sign(privateKey);
}

function refreshToken(): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'rt+jwt', kid: 'root-1' })
    .sign(secret);
}

const work = WORK[kind];
if (!work) throw new Error(`no work of the kind ${kind}`);
const cpuBefore = process.cpuUsage();
const startedAt = performance.now();
let calls = 0;
while (performance.now() - startedAt < seconds * 1_000) {
  await work();
  calls += 1;
}
const { user, system } = process.cpuUsage(cpuBefore);
const took = (performance.now() - startedAt) / 1_000;
console.log(JSON.stringify({ calls, seconds: took, cpuMs: (user + system) / 1_000 }));
