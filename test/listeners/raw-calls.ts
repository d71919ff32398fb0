export const REFRESH = '/signum.v1.TokenService/Refresh';

type Headers = Readonly<Record<string, string>>;

/** The head of a usual call, as gateways send it; `headers` come before the length. */
export function headOf(length: number, headers: Headers = {}, path = REFRESH): string {
  const all = { Host: 'localhost', 'Content-Type': 'application/json', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}Content-Length: ${length}\r\n\r\n`;
}

export function bodyOf(refreshToken: string): string {
  return JSON.stringify({ refreshToken });
}

/** A usual call as bytes. */
export function callOf(refreshToken: string, headers: Headers = {}): string {
  const body = bodyOf(refreshToken);
  return headOf(body.length, headers) + body;
}
