import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { authoritiesIn, certificatesIn, type PemFault, pemBlocks } from '../../domain/pem.ts';

export interface TlsFiles {
  /** PEM, the server's certificate first, then its intermediates. */
  readonly certFile: string;
  /** PEM, the private key of the first certificate. */
  readonly keyFile: string;
  /** PEM, the authorities that client certificates must come from. */
  readonly clientCaFile?: string | undefined;
}

/** What the files hold, once it has been found to fit together. */
export interface TlsMaterial {
  readonly context: SecureContextOptions;
  /** The server's certificate and its intermediates. */
  readonly chain: readonly X509Certificate[];
  readonly clientAuthorities: readonly X509Certificate[];
}

/** One of the files cannot be used. Holds nothing of what the file holds. */
export class TlsFileError extends Error {
  override readonly name = 'TlsFileError';
  readonly file: keyof TlsFiles;
  /** As a predicate of the setting: `names server.key, which is encrypted`. */
  readonly fault: string;

  constructor(file: keyof TlsFiles, path: string, problem: string) {
    const fault = `names ${path}, which ${problem}`;
    super(fault);
    this.file = file;
    this.fault = fault;
  }
}

/** A chain takes a few KiB, the authorities of every vendor 300. */
const MAX_FILE_BYTES = 4 * 1_024 * 1_024;

const PRIVATE_KEY = /^(?:[A-Z]+ )?PRIVATE KEY$/;
const ENCRYPTED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;
/** SEQUENCE: how certificates and keys in DER begin. */
const DER_BEGIN = 0x30;

/** Reads the files. Throws TlsFileError for one that cannot be used, or does not fit the others. */
export async function readTlsFiles(files: TlsFiles): Promise<TlsMaterial> {
  const { certFile, keyFile, clientCaFile } = files;
  const [cert, key, ca] = await Promise.all([
    readPem('certFile', certFile),
    readPem('keyFile', keyFile),
    clientCaFile === undefined ? undefined : readPem('clientCaFile', clientCaFile),
  ]);
  const chain = sound('certFile', certFile, certificatesIn(cert));
  const clientAuthorities =
    clientCaFile === undefined ? [] : sound('clientCaFile', clientCaFile, authoritiesIn(ca ?? ''));
  checkPair(files, chain, privateKeyIn(keyFile, key));
  // RFC 9325 section 3.1.1: no TLS below 1.2.
  const context: SecureContextOptions = { cert, key, minVersion: 'TLSv1.2', ...(ca && { ca }) };
  try {
    createSecureContext(context);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? `${error.code}` : 'unknown';
    throw new TlsFileError('certFile', certFile, `TLS does not take (${code})`);
  }
  return { context, chain, clientAuthorities };
}

function sound<T extends object>(file: keyof TlsFiles, path: string, read: T | PemFault): T {
  if ('fault' in read) throw new TlsFileError(file, path, read.fault);
  return read;
}

async function readPem(file: keyof TlsFiles, path: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException;
    const problem = code === 'EISDIR' ? 'is a folder' : `cannot be read (${code})`;
    throw new TlsFileError(file, path, problem);
  }
  if (bytes.length > MAX_FILE_BYTES) {
    throw new TlsFileError(file, path, `is larger than ${MAX_FILE_BYTES} bytes`);
  }
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  if (text.trim() === '') throw new TlsFileError(file, path, 'is empty');
  if (bytes[0] === DER_BEGIN && !text.includes('-----BEGIN')) {
    const kind = file === 'keyFile' ? 'pkey' : 'x509';
    const command = `openssl ${kind} -inform der -in FILE -out PEM_FILE`;
    throw new TlsFileError(file, path, `is in DER form; PEM is needed: \`${command}\``);
  }
  return text;
}

function privateKeyIn(path: string, pem: string): KeyObject {
  if (ENCRYPTED.test(pem)) {
    const command = 'openssl pkey -in FILE -out PLAIN_FILE';
    throw new TlsFileError(
      'keyFile',
      path,
      `is encrypted; take the passphrase off: \`${command}\``,
    );
  }
  const blocks = sound('keyFile', path, pemBlocks(pem));
  const [key, another] = blocks.filter(({ label }) => PRIVATE_KEY.test(label));
  if (key === undefined) throw new TlsFileError('keyFile', path, 'holds no PEM private key');
  if (another !== undefined) {
    throw new TlsFileError('keyFile', path, 'holds more than one private key');
  }
  try {
    return createPrivateKey(key.text);
  } catch {
    throw new TlsFileError('keyFile', path, 'holds a private key that is damaged');
  }
}

function checkPair(
  { certFile, keyFile }: TlsFiles,
  chain: readonly X509Certificate[],
  key: KeyObject,
): void {
  const at = chain.findIndex((certificate) => certificate.checkPrivateKey(key));
  if (at === 0) return;
  if (at > 0) {
    const problem = `must begin with the server's own certificate, which is the ${at + 1}. in it`;
    throw new TlsFileError('certFile', certFile, problem);
  }
  const problem = `does not belong to the first certificate in ${certFile}`;
  throw new TlsFileError('keyFile', keyFile, problem);
}
