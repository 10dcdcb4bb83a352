/** Words that keys of several sections share. */

/** Starts a bundle path that names a bundle shipped with the package instead of a folder of the operator. */
export const shippedPrefix = 'shipped:';

/** Ids become topic levels, node ids and file names: letters, digits and - _ . only. */
export const idPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
export const idExpected = 'a name of 1 to 64 letters, digits, "-", "_", ".", beginning with a letter or digit';
