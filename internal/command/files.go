package command

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kizuna-org/kizuna"
)

// writeWhole writes a file that is there whole or not at all, for the owner's eyes.
func writeWhole(name string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".kizuna-*")
	if err == nil {
		defer func() {
			if err != nil {
				_ = os.Remove(f.Name())
			}
		}()
		if err = write(f); err == nil {
			err = f.Sync()
		}
		if err = errors.Join(err, f.Close()); err == nil {
			err = os.Rename(f.Name(), name)
		}
	}
	if err == nil || kizuna.CodeOf(err) != "" {
		return err
	}
	return unwritable(name, err)
}

// writeFile is [writeWhole] for what is written in small pieces. An error of write's
// own, such as that it was cancelled, says nothing of the file.
func writeFile(name string, write func(*bufio.Writer) error) error {
	var failed error
	err := writeWhole(name, func(w io.Writer) error {
		out := bufio.NewWriter(w)
		if failed = write(out); failed != nil {
			return failed
		}
		return out.Flush()
	})
	if failed != nil {
		return failed
	}
	return err
}

// writeNew writes a file that must not be there yet.
func writeNew(name string, data []byte, mode fs.FileMode) (made bool, err error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, unwritable(name, err)
	}
	_, err = file.Write(data)
	return true, errors.Join(err, file.Sync(), file.Close())
}

func unreadable(name string, cause error) error {
	return kizuna.Errorf("file-unreadable", "%s cannot be read", name).
		WithMend("check the path and the permissions").WithCause(cause)
}

func unwritable(name string, cause error) error {
	return kizuna.Errorf("file-unwritable", "%s cannot be written", name).
		WithMend("check the path and the permissions").WithCause(cause)
}
