const ORDER_P256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** Another spelling of an ES256 token that verifies as well: the signature (r, n − s). */
export function twinOf(token: string): string {
  const [header, payload, signature = ''] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  const s = BigInt(`0x${bytes.subarray(32).toString('hex')}`);
  const twin = (ORDER_P256 - s).toString(16).padStart(64, '0');
  const spelled = Buffer.concat([bytes.subarray(0, 32), Buffer.from(twin, 'hex')]);
  return `${header}.${payload}.${spelled.toString('base64url')}`;
}
