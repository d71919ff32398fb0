import type { X509Certificate } from 'node:crypto';

/** What a certificate is presented for. */
export type CertificateUse = 'server' | 'authority';

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const ANY_USE = '2.5.29.37.0';

/**
 * Why others will not take this certificate, as predicates of it: expired, not valid yet, or not for
 * this use (RFC 5280 sections 4.1.2.5, 4.2.1.9 and 4.2.1.12). Empty if they will, as far as it says.
 */
export function certificateFaults(
  certificate: X509Certificate,
  use: CertificateUse,
  nowMs: number,
): string[] {
  const { validFromDate, validToDate, keyUsage: uses, ca, subject, issuer } = certificate;
  const faults: string[] = [];
  if (validToDate.getTime() <= nowMs) faults.push(`has expired at ${instant(validToDate)}`);
  if (validFromDate.getTime() > nowMs) faults.push(`is not valid before ${instant(validFromDate)}`);
  // Without the extension a certificate is for anything.
  if (use === 'server' && uses && !uses.includes(SERVER_AUTH) && !uses.includes(ANY_USE)) {
    faults.push('is not for servers: its extended key usage lacks serverAuth');
  }
  // One that has signed itself may be trusted as it is.
  if (use === 'authority' && !ca && subject !== issuer) faults.push('is not that of an authority');
  return faults;
}

function instant(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z');
}
