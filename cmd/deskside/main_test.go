package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts in testdata/script are stories of the command line, told to the
// real main in processes of their own.

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"deskside": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"agent":     cmdAgent,
			"permitme":  cmdPermitMe,
			"repin":     cmdRepin,
			"auditlog":  cmdAuditLog,
			"mode":      cmdMode,
			"status":    cmdStatus,
			"until":     cmdUntil,
			"untilsays": cmdUntilSays,
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("DESKSIDE_HOME", e.WorkDir+"/home/deskside")
			e.Setenv("HOME", e.WorkDir+"/home")
			return nil
		},
	})
}
