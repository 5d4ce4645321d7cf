/** The name of the graph in a model folder, whatever its name was in the source. */
export const GRAPH_FILE = 'model.onnx';

/** Names of files of external data: model.onnx_data, model.onnx.data, model_q4.onnx_data_1, … */
export const EXTERNAL_DATA_NAME = /^model[A-Za-z0-9._-]{0,100}$/;

/**
 * Picks, from the names of a model folder's files, those from which its graph takes weights. There are none if the
 * graph holds its weights itself.
 */
export function externalDataFiles(names: readonly string[]): string[] {
  return names.filter((name) => EXTERNAL_DATA_NAME.test(name) && name !== GRAPH_FILE);
}
