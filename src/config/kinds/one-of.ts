import { type Kind, scalar } from './kind.ts';

/** One of a few words; each stands for a value. */
export function oneOf<const T>(values: { readonly [word: string]: T }): Kind<T> {
  const words = Object.keys(values);
  return scalar({
    name: 'choice',
    allowed: words.join(', '),
    parse: (text) =>
      Object.hasOwn(values, text)
        ? { value: values[text] as T }
        : { fault: `must be one of ${words.join(', ')}` },
    format: (value) => words.find((word) => values[word] === value) ?? '',
  });
}

export const boolean: Kind<boolean> = {
  ...oneOf<boolean>({ true: true, false: false }),
  name: 'boolean',
};
