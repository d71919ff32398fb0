import type { AnyDesc, DescFile } from '@bufbuild/protobuf';
import { getComments } from '@bufbuild/protoplugin';

/** The comment above something in proto/, its paragraphs unwrapped to a line each. */
export function paragraphsOf(desc: Exclude<AnyDesc, DescFile>): string[] {
  const text = getComments(desc).leading ?? '';
  return text
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replaceAll(/\s*\n\s*/g, ' ').trim())
    .filter((paragraph) => paragraph !== '');
}

/** The same for a cell of a Markdown table. */
export function cellOf(desc: Exclude<AnyDesc, DescFile>): string {
  return paragraphsOf(desc).join(' ').replaceAll('|', '\\|');
}
