package command

import (
	"archive/zip"
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// recordCommands are what scripts about the record need besides kizuna.
func recordCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"office": office, "pdf": pdf, "sqlite": tamper, "holds": holds, "old": old,
	}
}

// office is the script command "office FILE": a Word document as far as anybody looks.
func office(ts *testscript.TestScript, _ bool, args []string) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range []string{"[Content_Types].xml", "word/document.xml"} {
		f, err := w.Create(name)
		ts.Check(err)
		fmt.Fprintf(f, "<%s/>", args[0])
	}
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o600))
}

// pdf is the script command "pdf FILE [BYTES]".
func pdf(ts *testscript.TestScript, _ bool, args []string) {
	size := 0
	if len(args) > 1 {
		_, err := fmt.Sscan(args[1], &size)
		ts.Check(err)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte("%PDF-1.7 "+args[0]+strings.Repeat(" ", size)), 0o600))
}

// tamper is the script command "sqlite FILE STATEMENT": what somebody does who has
// the file in hands.
func tamper(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	_, err = db.Exec(args[1])
	ts.Check(err)
}

// old is the script command "old FILE": makes it of the day before yesterday.
func old(ts *testscript.TestScript, _ bool, args []string) {
	then := time.Now().Add(-48 * time.Hour)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), nil, 0o600))
	ts.Check(os.Chtimes(ts.MkAbs(args[0]), then, then))
}

// holds is the script command "[!] holds FILE TEXT": whether the bytes stand anywhere.
func holds(ts *testscript.TestScript, neg bool, args []string) {
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	if bytes.Contains(data, []byte(args[1])) == neg {
		ts.Fatalf("%s: holds %q: %v", args[0], args[1], !neg == false)
	}
}
