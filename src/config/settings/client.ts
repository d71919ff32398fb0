import { secret } from '../kinds/secret.ts';
import { filePath } from '../kinds/text.ts';
import { serviceAddress } from '../kinds/url.ts';
import { defaulted, optional } from '../setting.ts';

/** What the command line needs to call a server. */
export const client = {
  title: 'Command line',
  settings: {
    address: defaulted({
      env: 'SIGNUM_ADDRESS',
      kind: serviceAddress,
      default: 'https://localhost:8443',
      doc: "The server's public listener.",
    }),
    apiKey: optional({
      env: 'SIGNUM_API_KEY',
      kind: secret({
        pattern: /^sgn_(admin|[A-Za-z0-9]{12})_[A-Za-z0-9_-]{43}$/,
        allowed: 'sgn_<key id>_<secret> as shown when the key was made',
      }),
      doc: 'The API key to call with.',
    }),
    caFile: optional({
      env: 'SIGNUM_CA_FILE',
      kind: filePath,
      doc: "PEM file of the authorities that the server's certificate is verified against; the system's when absent.",
    }),
    certFile: optional({
      env: 'SIGNUM_CLIENT_CERT_FILE',
      kind: filePath,
      doc: 'PEM file of the client certificate to call with.',
    }),
    keyFile: optional({
      env: 'SIGNUM_CLIENT_KEY_FILE',
      kind: filePath,
      doc: "PEM file of the client certificate's private key.",
    }),
  },
} as const;
