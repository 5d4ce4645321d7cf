/** Puts text on the clipboard; false where the browser does not let a page do so. */
export async function copyText(text: string): Promise<boolean> {
  return navigator.clipboard?.writeText(text).then(
    () => true,
    () => false,
  );
}
