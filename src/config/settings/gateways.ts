import { cookieName, headerName } from '../kinds/text.ts';
import { optional } from '../setting.ts';

/** What gateways ask. */
export const gateways = {
  title: 'Gateways',
  settings: {
    cookie: optional({
      env: 'SIGNUM_GATEWAY_COOKIE',
      kind: cookieName,
      doc: 'A cookie in which the requests that gateways ask about may present their access token, instead of the header Authorization. Make it __Host-, HttpOnly, Secure and SameSite=Strict, or have the service behind look for forged requests: a browser sends cookies unasked.',
    }),
    certificateHeader: optional({
      env: 'SIGNUM_GATEWAY_CERTIFICATE_HEADER',
      kind: headerName,
      doc: 'A header of what gateways ask over HTTP that holds the certificate their client has shown, as base64 of its DER, between colons (RFC 9440) or bare, or as URL-encoded PEM. For tokens that are bound to a certificate. Every gateway must set it or take it out: a client that could send it itself would need no key.',
    }),
  },
} as const;
