import type { X509Certificate } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import { certificateFaults } from '../../domain/certificate-validity.ts';
import type { TransportLog } from '../listener.ts';
import { readTlsFiles, TlsFileError, type TlsFiles, type TlsMaterial } from './read-files.ts';

export interface TlsFilesOptions {
  readonly files: TlsFiles;
  /** How often the files are looked at, in milliseconds; default 10,000. */
  readonly pollMs?: number;
  readonly log: TransportLog;
}

/** Until when the certificates in use are valid, in milliseconds since the epoch: the first to end. */
export interface TlsExpiry {
  /** Of the server's certificate and its intermediates. */
  readonly serverMs: number;
  /** Of the authorities of client certificates; undefined if there are none. */
  readonly clientAuthoritiesMs: number | undefined;
}

/** The certificate in use, which follows the files. */
export interface TlsSource {
  current(): SecureContextOptions;
  expiry(): TlsExpiry;
  /** Calls back after every change, until the returned function is called. */
  onChange(listener: (context: SecureContextOptions) => void): () => void;
  /** Looks at the files now. */
  reload(): Promise<void>;
  close(): void;
}

/**
 * Reads the files, and reads them again from time to time: contents are compared, because file
 * events and modification times are unreliable where secrets are mounted as symbolic links. Files
 * that cannot be used (half of a pair may have been written) are not taken; those in use stay.
 * Certificates that clients will refuse are taken, and told: the clock may be what is wrong. Rejects
 * with TlsFileError if there is nothing to begin with.
 */
export async function openTlsFiles(options: TlsFilesOptions): Promise<TlsSource> {
  const { files, pollMs = 10_000, log } = options;
  const listeners = new Set<(context: SecureContextOptions) => void>();
  let current = await readTlsFiles(files);
  let problem = '';
  let warned = '';
  let closed = false;

  const warn = () => {
    const warnings = warningsOf(files, current, Date.now());
    const text = warnings.join('; ');
    if (text !== warned && text !== '') log.warn({ warnings }, 'certificates that will be refused');
    warned = text;
  };
  const reload = async () => {
    try {
      const loaded = await readTlsFiles(files);
      problem = '';
      if (closed) return;
      if (!isSame(loaded.context, current.context)) {
        current = loaded;
        log.info({ certFile: files.certFile }, 'TLS certificate reloaded');
        for (const listener of listeners) listener(loaded.context);
      }
      warn();
    } catch (error) {
      const text = error instanceof TlsFileError ? error.fault : String(error);
      if (text !== problem) {
        log.warn({ problem: text }, 'TLS files not usable, kept the old');
      }
      problem = text;
    }
  };
  const next = () => setTimeout(() => void reload().finally(schedule), pollMs).unref();
  let timer = next();
  const schedule = () => {
    if (!closed) timer = next();
  };

  warn();
  return {
    current: () => current.context,
    expiry: () => ({
      serverMs: firstEndMs(current.chain),
      clientAuthoritiesMs:
        current.clientAuthorities.length > 0 ? firstEndMs(current.clientAuthorities) : undefined,
    }),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    reload,
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

function warningsOf(files: TlsFiles, { chain, clientAuthorities }: TlsMaterial, nowMs: number) {
  const told = (path: string | undefined, certificate: X509Certificate, faults: string[]) =>
    faults.map((fault) => `${path}: the certificate of ${nameOf(certificate)} ${fault}`);
  return [
    ...chain.flatMap((certificate, index) => {
      const use = index === 0 ? 'server' : 'authority';
      return told(files.certFile, certificate, certificateFaults(certificate, use, nowMs));
    }),
    ...clientAuthorities.flatMap((certificate) =>
      told(files.clientCaFile, certificate, certificateFaults(certificate, 'authority', nowMs)),
    ),
  ];
}

function nameOf({ subject, subjectAltName }: X509Certificate): string {
  return (subject || subjectAltName || 'nobody').replaceAll('\n', ', ');
}

function firstEndMs(certificates: readonly X509Certificate[]): number {
  return Math.min(...certificates.map(({ validToDate }) => validToDate.getTime()));
}

function isSame(a: SecureContextOptions, b: SecureContextOptions): boolean {
  return (['cert', 'key', 'ca'] as const).every((name) => a[name] === b[name]);
}
