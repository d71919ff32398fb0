// The peer of introspection: node-oidc-provider on the same Redis, with access tokens kept in it as
// its own example of an adapter keeps them. JavaScript, because it comes without types.
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { Redis } from 'ioredis';
import Provider from 'oidc-provider';

const { port, tls, redisUrl, tokens, tokensFile } = JSON.parse(process.argv[2]);
const redis = new Redis(redisUrl, { keyPrefix: 'oidc:' });

class Adapter {
  constructor(name) {
    this.name = name;
  }
  key(id) {
    return `${this.name}:${id}`;
  }
  async upsert(id, payload, expiresIn) {
    await redis.set(this.key(id), JSON.stringify(payload), 'EX', expiresIn ?? 3_600);
  }
  async find(id) {
    const data = await redis.get(this.key(id));
    return data ? JSON.parse(data) : undefined;
  }
  async findByUid() {}
  async findByUserCode() {}
  async consume() {}
  async destroy(id) {
    await redis.del(this.key(id));
  }
  async revokeByGrantId() {}
}

const provider = new Provider('https://oidc.bench.test', {
  adapter: Adapter,
  clients: [
    {
      client_id: 'gateway',
      client_secret: 'gateway-secret-gateway-secret-gateway',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
  ],
  features: {
    introspection: { enabled: true, allowedPolicy: () => true },
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
  },
  scopes: ['read', 'write'],
  ttl: { ClientCredentials: 3_600 },
});
provider.proxy = true;

const client = await provider.Client.find('gateway');
const made = [];
for (let i = 0; i < tokens; i++) {
  const token = new provider.ClientCredentials({ client, scope: 'read write' });
  made.push(await token.save());
}
writeFileSync(tokensFile, JSON.stringify(made));

const listener = provider.callback();
const server = tls
  ? createHttps({ cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) }, listener)
  : createHttp(listener);
server.listen(port, '127.0.0.1', () => console.log('ready'));
