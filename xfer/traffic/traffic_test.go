package traffic

import (
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"deskside"
)

// names gives the names in a table.
func names(t *Table) (list []string) {
	for _, x := range t.List() {
		list = append(list, x.Name)
	}
	return list
}

func TestTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var table Table
		want := func(names_ ...string) {
			t.Helper()
			if got := names(&table); !reflect.DeepEqual(got, names_) {
				t.Errorf("the table has %q, want %q", got, names_)
			}
		}
		begin := func(session byte, in bool, name string) *Row {
			t.Helper()
			r, err := table.Begin(deskside.SessionID{session}, in, "/home/"+name, name, func(error) {})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		want()
		a, b := begin(1, true, "a"), begin(1, false, "b")
		<-table.Changed()
		a.Of(100)
		a.At(40)
		b.File()
		b.File()
		if got, want := table.List(), []Transfer{
			{ID: 1, Session: deskside.SessionID{1}, In: true, Name: "a", Done: 40, Size: 100},
			{ID: 2, Session: deskside.SessionID{1}, Name: "b", Files: 2},
		}; !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, want %+v", got, want)
		}
		a.End(nil)
		<-table.Changed()
		want("a", "b")
		time.Sleep(lingers - time.Nanosecond)
		want("a", "b")
		time.Sleep(time.Nanosecond)
		want("b")
		b.End(deskside.Errorf(deskside.CodeConflict, "changed"))
		if got := table.List(); len(got) != 1 || !got[0].Ended || !got[0].Failed {
			t.Errorf("after its end %+v", got)
		}
		begin(1, true, "c")
		begin(2, false, "d")
		want("b", "c", "d")
		begin(1, false, "e") // in b's place
		want("c", "d", "e")
	})
}

func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var table Table
		var why error
		begin := func(session byte, in bool) (*Row, error) {
			return table.Begin(deskside.SessionID{session}, in, "/home/x", "x", func(err error) { why = err })
		}
		r, err := begin(1, true)
		if err != nil {
			t.Fatal(err)
		}
		table.Stop(7) // which is none
		if why != nil {
			t.Fatalf("stopped by the number of another: %v", why)
		}
		table.Stop(r.id)
		if deskside.CodeOf(why) != deskside.CodeRefused || deskside.AsError(why).By != deskside.ByPerson {
			t.Errorf("stopped by %v", why)
		}
		why = nil
		table.Stop(r.id)
		r.End(nil)
		table.Stop(r.id)
		if why != nil {
			t.Errorf("stopped again: %v", why)
		}
		if _, err := begin(1, true); deskside.CodeOf(err) != deskside.CodeRefused {
			t.Errorf("the same again: %v", err)
		}
		if _, err := begin(1, false); err != nil {
			t.Errorf("in the other direction: %v", err)
		}
		if _, err := begin(2, true); err != nil {
			t.Errorf("in another session: %v", err)
		}
		time.Sleep(remembers)
		if _, err := begin(1, true); err != nil {
			t.Errorf("later: %v", err)
		}
		var none *Row
		none.Of(1)
		none.At(1)
		none.File()
		none.End(nil)
	})
}
