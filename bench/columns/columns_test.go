package columns
import ("testing";"time";"os/exec"
"github.com/kizuna-org/kizuna/bench/world")
func TestSpeed(t *testing.T){
 p,_:=world.FindProgram(); cat:=world.NewCatalog(p); c,_:=world.Set("P1")
 t0:=time.Now()
 w,err:=NewWriter("/tmp/benchwork/P1"); if err!=nil{t.Fatal(err)}
 w.Partners(&c,cat)
 for x:=range c.Tenants(cat){ w.Tenant(x)}
 if err:=w.Close();err!=nil{t.Fatal(err)}
 t.Log(time.Since(t0))
 o,_:=exec.Command("ls","-l","/tmp/benchwork/P1").Output(); t.Log(string(o))
}
