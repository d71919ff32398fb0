import type { TLSSocket } from 'node:tls';

/**
 * The `URI:` and `DNS:` subject alternative names of the client's certificate, if TLS has verified
 * it against the configured authorities; otherwise none.
 */
export function certificateNames(socket: TLSSocket): readonly string[] {
  if (!socket.authorized) return [];
  const text = socket.getPeerX509Certificate()?.subjectAltName;
  return text === undefined ? [] : parseSubjectAltName(text);
}

const NAME = /([A-Za-z][A-Za-z ]*):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;

/**
 * Splits Node's text form of the extension. Node puts a value into JSON quotes if it holds a comma,
 * a quote or an unprintable character, so that no value can pretend to be two names. Quoted values
 * are passed over: no caller may be registered under such a name. Text of any other form has no names.
 */
export function parseSubjectAltName(text: string): string[] {
  const names: string[] = [];
  NAME.lastIndex = 0;
  while (NAME.lastIndex < text.length) {
    const match = NAME.exec(text);
    if (match === null) return [];
    const [, kind, value = ''] = match;
    const isUnquoted = value !== '' && !value.startsWith('"');
    if (isUnquoted && (kind === 'URI' || kind === 'DNS')) names.push(`${kind}:${value}`);
  }
  return names;
}
