import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { TransportLog } from '../listener.ts';

export interface TlsFiles {
  /** PEM, the server's certificate first, then its intermediates. */
  readonly certFile: string;
  /** PEM, the private key of the first certificate. */
  readonly keyFile: string;
  /** PEM, the authorities that client certificates must come from. */
  readonly clientCaFile?: string | undefined;
}

export interface TlsFilesOptions {
  readonly files: TlsFiles;
  /** How often the files are looked at, in milliseconds; default 10,000. */
  readonly pollMs?: number;
  readonly log: TransportLog;
}

/** The certificate in use, which follows the files. */
export interface TlsSource {
  current(): SecureContextOptions;
  /** Calls back after every change, until the returned function is called. */
  onChange(listener: (context: SecureContextOptions) => void): () => void;
  close(): void;
}

/**
 * Reads the files, and reads them again from time to time: contents are compared, because file
 * events and modification times are unreliable where secrets are mounted as symbolic links. A pair
 * that does not fit (half of it may have been written) is not taken; the one in use stays.
 */
export async function openTlsFiles(options: TlsFilesOptions): Promise<TlsSource> {
  const { files, pollMs = 10_000, log } = options;
  const listeners = new Set<(context: SecureContextOptions) => void>();
  let current = await load(files);
  let problem = '';
  let closed = false;

  const poll = async () => {
    try {
      const loaded = await load(files);
      problem = '';
      if (closed || isSame(loaded, current)) return;
      current = loaded;
      log.info({ certFile: files.certFile }, 'TLS certificate reloaded');
      for (const listener of listeners) listener(loaded);
    } catch (thrown) {
      const { message } = thrown as Error;
      if (message !== problem) {
        log.warn(
          { certFile: files.certFile, problem: message },
          'TLS files not usable, kept the old',
        );
      }
      problem = message;
    }
  };
  const next = () => setTimeout(() => void poll().finally(schedule), pollMs).unref();
  let timer = next();
  const schedule = () => {
    if (!closed) timer = next();
  };

  return {
    current: () => current,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

async function load({ certFile, keyFile, clientCaFile }: TlsFiles): Promise<SecureContextOptions> {
  const [cert, key, ca] = await Promise.all([
    readFile(certFile),
    readFile(keyFile),
    clientCaFile === undefined ? undefined : readFile(clientCaFile),
  ]);
  // RFC 9325 section 3.1.1: no TLS below 1.2.
  const context: SecureContextOptions = { cert, key, minVersion: 'TLSv1.2', ...(ca && { ca }) };
  createSecureContext(context);
  return context;
}

function isSame(a: SecureContextOptions, b: SecureContextOptions): boolean {
  return (['cert', 'key', 'ca'] as const).every((name) => String(a[name]) === String(b[name]));
}
