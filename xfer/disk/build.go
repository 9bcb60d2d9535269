package disk

import "io"

// On says what is there to make the file of; what lies in place is left there.
func (in *Incoming) On(b *Basis) error {
	if there, err := in.There(); err != nil || there != b.inPlace {
		return Conflict("what is there of %q changed meanwhile", Text(in.at.Name)).Hint("Copy it again.")
	}
	in.basis, in.Have, in.Sum = b, 0, NewHasher()
	return nil
}

// Add writes the next bytes of the file. It takes no more than were announced.
// Whoever adds also puts the bytes into Sum, at the same time or later.
func (in *Incoming) Add(b []byte) error {
	if err := in.take(int64(len(b))); err != nil {
		return err
	}
	if err := in.out.write(b, in.Have); err != nil {
		return Explain(err, "write", in.at.Name)
	}
	in.Have += int64(len(b))
	return nil
}

// Flush puts into the file what was added and waits in memory yet. Whoever added
// calls it before anything else is done with the file.
func (in *Incoming) Flush() error {
	if err := in.out.flush(); err != nil {
		return Explain(err, "write", in.at.Name)
	}
	return nil
}

// Reuse takes the next len(b) bytes of the file from its basis, and leaves them
// in b too. What lies in place can be used there alone, for other bytes come
// over it. They pass through memory because they have to be hashed: to copy in
// the kernel and read them then moves as many bytes.
func (in *Incoming) Reuse(offset int64, b []byte) error {
	if err := in.take(int64(len(b))); err != nil {
		return err
	}
	if in.basis == nil {
		return Conflict("there is nothing to copy from").Hint("Copy it again.")
	}
	in.Reused += int64(len(b))
	inPlace := offset < in.basis.inPlace
	if inPlace && offset != in.Have {
		return Conflict("what lies at %d can be used there alone, not at %d", offset, in.Have).Hint("Copy it again.")
	}
	if err := in.basis.readAt(b, offset); err != nil {
		return Explain(err, "read", in.at.Name)
	}
	if inPlace {
		in.Have += int64(len(b))
		return nil
	}
	return in.Add(b)
}

var zeros [BufferSize]byte

// Zero makes the next n bytes of the file zero, without using the disk for them
// where the file system can do that. They are put into Sum too.
func (in *Incoming) Zero(n int64) error {
	if err := in.take(n); err != nil {
		return err
	}
	if err := in.Flush(); err != nil {
		return err
	}
	info, err := in.f.Stat()
	if err != nil {
		return Explain(err, "write", in.at.Name)
	}
	if over := min(n, info.Size()-in.Have); punch(in.f, in.Have, n) != nil && over > 0 {
		if err := in.blank(over); err != nil {
			return Explain(err, "write", in.at.Name)
		}
	}
	in.Have += n
	return nil
}

// blank writes n zeros over what is there.
func (in *Incoming) blank(n int64) error {
	for at := in.Have; n > 0; {
		some := min(n, BufferSize)
		if _, err := in.f.WriteAt(zeros[:some], at); err != nil {
			return err
		}
		at, n = at+some, n-some
	}
	return nil
}

// HashZeros puts n zeros into Sum.
func (in *Incoming) HashZeros(n int64) {
	for ; n > 0; n -= BufferSize {
		in.Sum.Write(zeros[:min(n, BufferSize)])
	}
}

func (in *Incoming) take(n int64) error {
	if n > in.Meta.Size-in.Have {
		return in.tooLong()
	}
	return nil
}

// changed says why the file's hash is wrong where the basis is the reason.
func (in *Incoming) changed() error {
	if in.basis != nil && !in.basis.Unchanged() {
		return Conflict("the older file that %q was made from changed meanwhile", Text(in.at.Name)).Hint("Copy it again.")
	}
	return Conflict("the hash of %q is not the sender's", Text(in.at.Name)).Hint("Copy it again.")
}

// Reserve sees to the room for the whole file before its first byte, and to how
// it is written.
func (in *Incoming) Reserve() error {
	in.out = writer{f: in.f, direct: in.Meta.Size >= directFrom && direct(in.f)}
	if in.Meta.Size < reserveFrom {
		return nil
	}
	if err := preallocate(in.f, in.Meta.Size); err != nil {
		return Explain(err, "write", in.at.Name)
	}
	return nil
}

const reserveFrom = 1 << 20 // bytes; a smaller file is written sooner than it is reserved

// release gives back the room that was reserved and is not used.
func (in *Incoming) release() {
	if info, err := in.f.Stat(); err == nil {
		in.f.Truncate(info.Size())
	}
}

// settle gives the file its length: a hole at its end has none yet, and what
// was there before may be longer.
func (in *Incoming) settle() error {
	end, err := in.f.Seek(0, io.SeekEnd)
	if err == nil && end != in.Meta.Size {
		err = in.f.Truncate(in.Meta.Size)
	}
	return err
}
