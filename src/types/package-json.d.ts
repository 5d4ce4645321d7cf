/** The fields of package.json that are read. The file lies outside of the folder that the library is built from. */
declare module '#package.json' {
  const packageJson: { version: string; description: string };
  export default packageJson;
}
