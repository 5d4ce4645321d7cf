/** The built page's files, as Workers' static assets binding hands them out. */
export interface PageAssets {
  fetch(request: Request): Promise<Response>;
}
