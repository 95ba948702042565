"""Reference driver: runs an object-graph op script on CPython, prints one line per observable.
A Rust driver reading the same script must print the same lines (the table of operations is in tests/src/oracle.rs)."""
import gc, sys, weakref
LOG=[]; SAVED=[]
class Node:
    __slots__=('s0','s1','s2','s3','name','__weakref__')
class FNode(Node):
    __slots__=('kind',)
    def __del__(self):
        k=self.kind; LOG.append('fin '+self.name)
        if k=='resurrect': SAVED.append(self)
        elif k=='raise': raise ValueError
        elif k=='collect': LOG.append('nested %d'%gc.collect())
        elif k=='peer':
            p=getattr(self,'s0',None); LOG.append('peer '+('ok' if p is not None and p.name else 'gone'))
        elif k=='alloc':
            for _ in range(10):
                n=Node(); n.name='tmp'; n.s0=n
        elif k=='weak':
            LOG.append('weak '+('alive' if W[self.name]() is not None else 'dead'))
sys.unraisablehook=lambda u: LOG.append('unraisable')
H={}; W={}
def flush(out):
    out.extend('  '+x for x in LOG); LOG.clear()
def many(n,mode,hold):
    log=[]; st=[0]
    def cb(ph,info):
        if ph=='start': log.append((st[0],info['generation']))
    gc.collect(); gc.collect()          # counters (0,0,0), long_lived_total = live set
    gc.callbacks.append(cb); gc.enable()
    for i in range(n):
        st[0]=i; o=Node()
        if mode=='keep': hold[i]=o
        elif mode=='ring': o.s0=o
        del o
    gc.disable(); gc.callbacks.remove(cb)
    return log
def run(path):
    out=[]; holds=[]
    gc.disable(); gc.collect(); gc.freeze()   # hide the interpreter's own ~5k containers: base heap = 0
    for line in open(path):
        line=line.split('#')[0].split()
        if not line: continue
        op,*a=line
        if op=='new':
            o=Node(); o.name=a[0]; H[a[0]]=o; del o
        elif op=='fin':
            o=FNode(); o.name=a[0]; o.kind=a[1]; H[a[0]]=o; del o
        elif op=='dup': H[a[0]]=H[a[1]]
        elif op=='link': setattr(H[a[0]],'s'+a[1],H[a[2]])
        elif op=='unlink': setattr(H[a[0]],'s'+a[1],None)
        elif op=='drop':
            for n in a: del H[n]
        elif op=='ring':   # ring P N : P0..P(N-1), handles dropped
            ns=[Node() for _ in range(int(a[1]))]
            for i,x in enumerate(ns): x.name=a[0]+str(i); x.s0=ns[(i+1)%len(ns)]
            del ns,x
        elif op=='chain':  # chain P N : acyclic list, head kept as handle P
            h=None
            for i in range(int(a[1])):
                x=Node(); x.name=a[0]; x.s0=h; h=x
            H[a[0]]=h; del h,x
        elif op=='collect': r=gc.collect(int(a[0])); out.append('collect %s = %d'%(a[0],r))
        elif op=='weak': W[a[0]]=weakref.ref(H[a[1]])
        elif op=='weakcb':
            W[a[0]]=weakref.ref(H[a[1]],lambda r,n=a[0]: LOG.append('cb '+n))
        elif op=='dropweak': del W[a[0]]
        elif op=='up': out.append('up %s = %s'%(a[0],'alive' if W[a[0]]() is not None else 'dead'))
        elif op=='wc': out.append('wc %s = %d'%(a[0],weakref.getweakrefcount(H[a[0]])))
        elif op=='rc': out.append('rc %s = %d'%(a[0],sys.getrefcount(H[a[0]])-1))
        elif op=='gen':
            g=[i for i in range(3) if any(x is H[a[0]] for x in gc.get_objects(generation=i))]
            out.append('gen %s = %s'%(a[0],g[0] if g else 'none'))
        elif op=='live': out.append('live = %d'%sum(isinstance(x,Node) for x in gc.get_objects()))
        elif op=='referrers': out.append('referrers %s = %d'%(a[0],sum(isinstance(x,Node) for x in gc.get_referrers(H[a[0]]))))
        elif op=='finalized': out.append('finalized %s = %s'%(a[0],str(gc.is_finalized(H[a[0]])).lower()))
        elif op=='take': H[a[0]]=SAVED.pop()      # take a resurrected object
        elif op=='forget': SAVED.clear()
        elif op=='thresh': gc.set_threshold(*map(int,a))
        elif op=='freeze': gc.freeze()
        elif op=='unfreeze': gc.unfreeze()
        elif op=='many':
            n=int(a[0]); hold=[None]*n; holds.append(hold); l=many(n,a[1],hold)
            out.append('many %d %s: %d collections by-gen %s'%(n,a[1],len(l),[sum(1 for _,g in l if g==k) for k in range(3)]))
            out.append('  '+' '.join('%d:%d'%t for t in l[:40]))
        elif op=='stats':
            s=gc.get_stats()[int(a[0])]; key=('collected','uncollectable'); cur=tuple(s[k] for k in key)
            b=BASE.get(a[0]); BASE[a[0]]=cur
            if b: out.append('stats %s collected+%d uncollectable+%d'%(a[0],cur[0]-b[0],cur[1]-b[1]))
        elif op=='badgen':
            try: gc.collect(3); out.append('badgen ok')
            except ValueError: out.append('badgen error')
        else: raise SystemExit('bad op '+op)
        flush(out)
    return out
BASE={}
print('\n'.join(run(sys.argv[1])))
