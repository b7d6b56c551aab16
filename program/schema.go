package program

import "encoding/json"

// Schema returns the JSON Schema (2020-12) of program files, so that editors
// complete and check them while they are written. It is made of the grammar that
// [Parse] checks by, and is looser: a file may build on another, so that nothing
// but its name is always needed.
func Schema() []byte {
	definitions := make(map[string]any)
	for _, o := range objectsIn(fileShape) {
		definitions[o.name] = o.schema()
	}
	schema := fileShape.schema()
	delete(definitions, fileShape.name)
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["$id"] = "https://github.com/kizuna-org/kizuna/program/schema.json"
	schema["title"] = "Kizuna program file"
	schema["description"] = "A partner program's rules as data. See docs/program.md."
	schema["required"] = []string{"program", "version"}
	schema["$defs"] = definitions
	out, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		panic("program: the schema is plain data: " + err.Error())
	}
	return append(out, '\n')
}
