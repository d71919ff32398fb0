/** What to do next, by reason. The reasons are those of proto/signum/v1/error_reason.proto. */
export const ADVICE: Readonly<Record<string, string>> = {
  INVALID_FIELD: 'Correct the value; `signum help <command>` tells its rule.',
  LIFETIME_TOO_LONG: 'Ask for a shorter lifetime, or raise the limit in the server configuration.',
  PAGE_TOKEN_INVALID: 'Start again at the first page.',
  MESSAGE_TOO_LARGE: 'Send less at once; a server takes what SIGNUM_MAX_MESSAGE says.',
  CREDENTIAL_MISSING:
    'Give an API key with --api-key-file FILE (or SIGNUM_API_KEY_FILE), or a certificate with --client-cert and --client-key.',
  CREDENTIAL_INVALID:
    'Check the API key or certificate; an operator can make a new one with `signum callers rotate-key NAME`.',
  PERMISSION_DENIED:
    'Use a caller that has this permission in this tenant (`signum callers list`).',
  TOKEN_INVALID: 'Present a token of this server, whole, of the right kind; else log in again.',
  TOKEN_EXPIRED: 'Log in again (`signum issue`).',
  SESSION_REVOKED: 'Log in again (`signum issue`).',
  SESSION_NOT_FOUND: 'Check the ids; if they are right, the session is over: log in again.',
  REFRESH_REUSED:
    'Log in again, and tell the user: this refresh token was used before, someone may have had a copy.',
  SESSION_EXISTS: 'Revoke the session on the device first, or issue with --policy supersede.',
  PROOF_REQUIRED: "Present the session's current refresh token with --proof-file.",
  DEVICE_LIMIT: "Revoke one of the user's sessions first (`signum sessions` lists them).",
  KEY_PROOF_REQUIRED:
    'Show the key that the token is bound to, with --dpop FILE or by --client-cert and --client-key; or revoke it by its ids.',
  KEY_PROOF_INVALID: 'Show the key that the token is bound to, and no other.',
  KEY_PROOF_NONCE: 'Make a new proof that holds the nonce.',
  KEY_NOT_FOUND: 'See `signum keys list` for the keys there are.',
  KEYS_NOT_MANAGED: 'The signing keys come from files: rotate them there.',
  CALLER_NOT_FOUND: 'See `signum callers list` for the callers there are.',
  CALLER_EXISTS: 'Choose another name, or delete the caller first.',
  CALLER_LIMIT: 'Delete a caller that nobody needs first (`signum callers list`).',
  RATE_LIMITED: 'Wait, then try again.',
  OVERLOADED: 'Wait, then try again, on another server if there is one.',
  STORE_FULL: 'Give Redis more memory; validate and revoke go on meanwhile.',
  STORE_UNAVAILABLE: 'Try again; if it lasts, run `signum doctor` and look at Redis.',
  DURABILITY_UNCONFIRMED:
    'The change was applied. Run the command again to have its durability confirmed.',
  EDGES_UNCONFIRMED:
    'The change was applied. Run the command again with a longer --timeout to wait until no edge accepts the token.',
  STALE_REVISION: 'Try again: the store has not reached this revision yet.',
  DRAINING: 'Try again: the server is shutting down, another will answer.',
  DEADLINE_EXCEEDED: 'Try again; --timeout allows a call more time.',
  UNIMPLEMENTED: 'Check --address: this server has no such method.',
  INTERNAL: "Look for the request id in the server's log.",
  CONFIG_INVALID: 'Correct the environment; `signum config --docs` documents every setting.',
  UNREACHABLE:
    'Is the server running there? `npm start` runs one for development; else check --address.',
  TLS_UNTRUSTED:
    'Give the CA that signed the server certificate with --ca FILE (or SIGNUM_CA_FILE).',
  TLS_NAME_MISMATCH: 'Call the server by a name that its certificate holds.',
  TLS_FAILED:
    'Check --address, --ca, --client-cert and --client-key; `signum doctor` looks at the certificate.',
  ADDRESS_IN_USE: 'Stop what listens there (another `npm start`?), or configure another port.',
};
