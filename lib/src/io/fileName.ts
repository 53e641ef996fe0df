/** Turns any name into one harmless file name; a patch name is never trusted as a path. */
import { createHash } from 'node:crypto';

const longest = 80;

/** Names that Windows reserves for devices, with or without an extension. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i;

/**
 * A name of letters, digits, "_", "-" and inner "." alone, at most 80 characters. A name that is already so is
 * kept; any other gets a hash of the original, so that different names stay different.
 */
export function safeFileName(name: string): string {
  const cleaned = name
    .replace(/[^A-Za-z0-9._-]+/g, '_')
    .replace(/^[._-]+|\.+$/g, '')
    .slice(0, longest);
  if (cleaned === name && name !== '' && !reserved.test(name)) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${cleaned.slice(0, longest - 16).replace(/\./g, '_') || 'image'}-${hash}`;
}
