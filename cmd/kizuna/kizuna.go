// Command kizuna tells who works for which customer, how that is proved and what
// it earns. Its commands are in internal/command; see kizuna --help.
package main

import (
	"os"

	"github.com/kizuna-org/kizuna/internal/command"
)

func main() { os.Exit(command.Main(nil)) }
