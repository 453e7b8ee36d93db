// GitHub's parser imports its schema as JSON without saying so, which Node refuses.
import { register } from "node:module";

register("./json.mjs", import.meta.url);
