package rcinfo

import (
	"encoding/json"
	"strings"
	"testing"

	"deskside"
	"deskside/wire"
)

func TestSetupLimits(t *testing.T) {
	good := Setup{Request: "r-1", Rights: deskside.AllRights, Reason: strings.Repeat("ü", MaxReason/2), Name: strings.Repeat("名", 300), Host: "h"}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for what, change := range map[string]func(*Setup){
		"no request":         func(s *Setup) { s.Request = "" },
		"long request":       func(s *Setup) { s.Request = strings.Repeat("x", MaxRequestID+1) },
		"request with space": func(s *Setup) { s.Request = "a b" },
		"request with NUL":   func(s *Setup) { s.Request = "a\x00" },
		"no right":           func(s *Setup) { s.Rights = 0 },
		"long reason":        func(s *Setup) { s.Reason = strings.Repeat("x", MaxReason+1) },
		"long name":          func(s *Setup) { s.Name = strings.Repeat("x", MaxText+1) },
		"long host":          func(s *Setup) { s.Host = strings.Repeat("x", MaxText+1) },
		"reason not UTF-8":   func(s *Setup) { s.Reason = "\xff" },
		"name not UTF-8":     func(s *Setup) { s.Name = "\xc3" },
	} {
		bad := good
		change(&bad)
		if err := bad.Validate(); deskside.CodeOf(err) != deskside.CodeBadRequest {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func FuzzSetup(f *testing.F) {
	seed, err := json.Marshal(Setup{Request: "r", Rights: 3, Reason: "why", Name: "n", Host: "h"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	for i := range seed {
		f.Add(seed[:i])
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var s Setup
		if err := wire.Decode(text, &s); err != nil {
			if deskside.CodeOf(err) != deskside.CodeBadRequest {
				t.Error(err)
			}
			return
		}
		if s.Validate() != nil {
			return
		}
		again, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back Setup
		if err := wire.Decode(again, &back); err != nil || back != s {
			t.Errorf("%+v came back as %+v, %v", s, back, err)
		}
	})
}

func FuzzControl(f *testing.F) {
	f.Add([]byte(`{"do":"beat"}`))
	f.Add([]byte(`{"do":"end","ended":{"session":{"id":"0011223344556677","state":"ended","cause":"person"},"words":"w"}}`))
	f.Add([]byte(`{"do":"session","session":{"rights":"view,control","limits":{"idle_s":1}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var c Control
		if err := wire.Decode(text, &c); err != nil && deskside.CodeOf(err) != deskside.CodeBadRequest {
			t.Error(err)
		}
	})
}
