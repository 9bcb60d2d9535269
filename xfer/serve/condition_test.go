//go:build unix

package serve

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"deskside"
	"deskside/xfer"
	"deskside/xfer/disk"
)

// TestConditionsOfChanges deletes and renames what is there by its tag, by another
// one, and by that there is nothing: only who is right about it changes it.
func TestConditionsOfChanges(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		for _, ask := range []string{"DELETE /file?path=x", "DELETE /file?path=x&tree=1", "POST /rename?path=x&to=y"} {
			for _, c := range []struct {
				condition string // TAG is that of x
				there, ok bool
			}{
				{"If-Match: TAG", true, true}, {`If-Match: "of another time", TAG`, true, true}, {"If-Match: *", true, true},
				{`If-Match: "of another time"`, true, false}, {"If-None-Match: *", true, false}, {"If-None-Match: TAG", true, false},
				{"If-Match: *", false, false}, {"If-Match: TAG", false, false},
			} {
				os.Remove(r.at("y"))
				write(t, r.at("x"), []byte("newer"))
				info, err := os.Stat(r.at("x"))
				must(t, err)
				if !c.there {
					must(t, os.Remove(r.at("x")))
				}
				text := ask + " HTTP/1.1\nHost: agent\nTICKET\n" + strings.ReplaceAll(c.condition, "TAG", quoted(disk.Tag(info))) + "\n\n"
				status, reply := raw(t, r, text, false)
				_, err = os.Stat(r.at("x"))
				switch {
				case c.ok && (status != 200 || err == nil):
					t.Errorf("%s, %s: %d %+v, and the file: %v", ask, c.condition, status, reply, err)
				case !c.ok && (status != 412 || reply.Code != deskside.CodeConflict || (err == nil) != c.there):
					t.Errorf("%s, %s of what is no longer so: %d %+v, and the file: %v", ask, c.condition, status, reply, err)
				}
			}
		}
	})
}

// TestPutSaysNoMode puts a file with permissions, with none at all and without a
// word of them.
func TestPutSaysNoMode(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		for said, want := range map[string]os.FileMode{"": 0o644, "&mode=0600": 0o600, "&mode=0000": 0} {
			text := putRequest(5, "abcde", xfer.HeaderHash+": "+hashOf("abcde")+"\n")
			text = strings.Replace(text, " HTTP", fmt.Sprintf("%s&replace=1 HTTP", said), 1)
			if status, reply := raw(t, r, text, false); status != 200 {
				t.Fatalf("%q: %d %+v", said, status, reply)
			}
			wantMeta(t, r.at("new"), want, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		}
		write(t, r.mine("hidden"), []byte("mine alone"))
		must(t, os.Chmod(r.mine("hidden"), 0o000))
		if os.Geteuid() != 0 { // who could not read it
			must(t, os.Chmod(r.mine("hidden"), 0o400))
		}
		info, err := os.Stat(r.mine("hidden"))
		must(t, err)
		_, err = r.c.Put(ctx(t), r.mine("hidden"), "hidden", xfer.Options{})
		must(t, err)
		wantMeta(t, r.at("hidden"), info.Mode(), info.ModTime())
	})
}
