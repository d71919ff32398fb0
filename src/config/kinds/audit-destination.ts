import { type Kind, scalar } from './kind.ts';

/** Where audit events go. */
export type AuditDestination = 'off' | 'stdout' | { readonly file: string };

export const auditDestination: Kind<AuditDestination> = scalar<AuditDestination>({
  name: 'destination',
  allowed: 'off, stdout, or the path of a file that begins with / or ./',
  parse: (text) => {
    if (text === 'off' || text === 'stdout') return { value: text };
    // A path must look like one, so that a misspelt word does not become a file.
    if (/^\.{0,2}\/[^\0]+$/.test(text)) return { value: { file: text } };
    return { fault: 'must be off, stdout or a path' };
  },
  format: (value) => (typeof value === 'string' ? value : value.file),
});
