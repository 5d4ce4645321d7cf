/** What is read of package.json, which lies outside of the folder that the library is built from. */
declare module '#package.json' {
  const packageJson: { version: string; description: string };
  export default packageJson;
}
