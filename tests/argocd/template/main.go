// Renders a template of Argo CD Notifications as its engine does: Go's text/template with sprig's generic functions.
package main

import (
	"encoding/json"
	"log"
	"os"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

func main() {
	var given struct {
		Template string         `json:"template"`
		Values   map[string]any `json:"values"`
	}
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		log.Fatal(err)
	}
	functions := sprig.GenericFuncMap()
	delete(functions, "env")
	delete(functions, "expandenv")
	parsed, err := template.New("body").Funcs(functions).Parse(given.Template)
	if err != nil {
		log.Fatal(err)
	}
	if err := parsed.Execute(os.Stdout, given.Values); err != nil {
		log.Fatal(err)
	}
}
