import { X509Certificate } from 'node:crypto';
import { certificateThumbprint } from '@signum/token';
import { beforeAll, describe, expect, test } from 'vitest';
import { passedCertificate } from '../../src/gateway/client-request.ts';
import { createTestCertificates } from '../listeners/certificates.ts';

let pem: string;
let der: string;
beforeAll(async () => {
  const certificates = await createTestCertificates();
  const { cert } = await certificates.client('app');
  certificates.remove();
  pem = cert.toString();
  der = new X509Certificate(cert).raw.toString('base64');
});

describe('a client’s certificate', () => {
  test.each<[string, () => string]>([
    ['an item of bytes, as HAProxy and Caddy are set to', () => `:${der}:`],
    ['PEM without its first and last line, as Traefik does', () => der],
    ['URL-encoded PEM, as nginx and Envoy do', () => encodeURIComponent(pem)],
  ])('is read from %s', (_form, value) => {
    expect(passedCertificate([value()])).toBe(certificateThumbprint(pem));
  });

  test.each<[string, () => string[]]>([
    ['nothing', () => []],
    ['an empty value', () => ['']],
    ['an empty item', () => ['::']],
    ['half an item', () => [`:${der}`]],
    ['two', () => [der, der]],
    ['two in one', () => [`${der},${der}`]],
    ['another encoding', () => [der.replaceAll('+', '-').replaceAll('/', '_').replace(/=*$/, '-')]],
    ['a placeholder', () => ['{http.request.tls.client.certificate_der_base64}']],
    ['a list of Envoy’s', () => [`Hash=00;Cert="${encodeURIComponent(pem)}"`]],
  ])('is not read from %s', (_what, values) => {
    expect(passedCertificate(values())).toBeUndefined();
  });
});
