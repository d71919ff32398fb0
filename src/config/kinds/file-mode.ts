import { type Kind, scalar } from './kind.ts';

/** Permissions of a file for its owner, its group and all others, in octal. */
export const fileMode: Kind<number> = scalar({
  name: 'file mode',
  allowed: '0600 to 0777, in octal',
  parse: (text) =>
    /^0?[67][0-7]{2}$/.test(text)
      ? { value: Number.parseInt(text, 8) }
      : { fault: 'must be permissions in octal that let the owner read and write, such as 0660' },
  format: (mode) => mode.toString(8).padStart(4, '0'),
});
