import type { Region } from './region.ts';

/** The name of an object: each model has objects of its own in each region, so that it is loaded in few isolates. */
export const objectName = (region: Region, model: string, index: number): string => `${region.name}/${model}/${index}`;

/** The model whose object has a name. */
export const modelOf = (name: string): string => name.split('/')[1];
