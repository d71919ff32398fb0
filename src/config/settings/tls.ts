import { duration } from '../kinds/duration.ts';
import { boolean, oneOf } from '../kinds/one-of.ts';
import { filePath } from '../kinds/text.ts';
import { defaulted, optional } from '../setting.ts';

const clientAuth = oneOf({ off: 'off', optional: 'optional', required: 'required' });

/** Encryption of the public and the gRPC listener. */
export const tls = {
  title: 'TLS',
  settings: {
    certFile: optional({
      env: 'SIGNUM_TLS_CERT_FILE',
      kind: filePath,
      doc: 'PEM file of the certificate chain, the leaf first.',
    }),
    keyFile: optional({
      env: 'SIGNUM_TLS_KEY_FILE',
      kind: filePath,
      doc: "PEM file of the certificate's private key.",
    }),
    clientCaFile: optional({
      env: 'SIGNUM_TLS_CLIENT_CA_FILE',
      kind: filePath,
      doc: 'PEM file of the authorities that client certificates are verified against: one or several, on both listeners.',
    }),
    clientAuth: defaulted({
      env: 'SIGNUM_TLS_CLIENT_AUTH',
      kind: clientAuth,
      default: {
        text: ({ isSet }) => (isSet('SIGNUM_TLS_CLIENT_CA_FILE') ? 'optional' : 'off'),
        says: '`optional` with SIGNUM_TLS_CLIENT_CA_FILE, else `off`',
      },
      doc: 'Whether clients may or must present a certificate of these authorities. `optional`: without one they need another credential; `required`: without one there is no connection.',
    }),
    grpcClientAuth: defaulted({
      env: 'SIGNUM_GRPC_CLIENT_AUTH',
      kind: clientAuth,
      default: {
        text: ({ textOf }) => textOf('SIGNUM_TLS_CLIENT_AUTH'),
        says: 'as SIGNUM_TLS_CLIENT_AUTH',
      },
      doc: 'The same for the gRPC listener alone: gateways may be held to certificates while browsers and apps, which have none, use the public listener.',
    }),
    reloadMs: defaulted({
      env: 'SIGNUM_TLS_RELOAD',
      kind: duration({ min: '1s', max: '1h' }),
      default: '10s',
      doc: 'How often the certificate files are looked at for a change, which takes effect without a restart.',
    }),
    insecurePlaintext: defaulted({
      env: 'SIGNUM_INSECURE_PLAINTEXT',
      kind: boolean,
      default: 'false',
      doc: 'Serve without TLS, on loopback addresses only: tokens travel in clear. The public listener then speaks HTTP/1.1 only, the gRPC listener HTTP/2 with prior knowledge.',
    }),
    insecurePlaintextAnywhere: defaulted({
      env: 'SIGNUM_INSECURE_PLAINTEXT_ANYWHERE',
      kind: boolean,
      default: 'false',
      doc: 'Allow serving without TLS on any address, for instance behind a sidecar that encrypts.',
    }),
  },
} as const;
