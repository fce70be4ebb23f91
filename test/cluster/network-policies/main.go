// Enforces the NetworkPolicies of a cluster on this machine: kube-router's controller of them, without its routing and
// proxy (what k3s does too), so that it builds from what the kubelet was built from. Ended by a signal, it takes its
// rules away again.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"github.com/spf13/pflag"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	// The options, with their defaults, are kube-router's own.
	config := options.NewKubeRouterConfig()
	flags := pflag.NewFlagSet("network-policies", pflag.ExitOnError)
	config.AddFlags(flags)
	check(flags.Parse(os.Args[1:]))
	access, err := clientcmd.BuildConfigFromFlags("", config.Kubeconfig)
	check(err)
	client := kubernetes.NewForConfigOrDie(access)

	iptables, ipsets, err := netpol.NewIPTablesHandlers(config)
	check(err)

	factory := informers.NewSharedInformerFactory(client, 0)
	pods := factory.Core().V1().Pods().Informer()
	namespaces := factory.Core().V1().Namespaces().Informer()
	policies := factory.Networking().V1().NetworkPolicies().Informer()
	newController := func() *netpol.NetworkPolicyController {
		controller, err := netpol.NewNetworkPolicyController(
			client, config, pods, policies, namespaces, &sync.Mutex{}, iptables, ipsets)
		check(err)
		return controller
	}
	controller := newController()

	stopped, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	factory.Start(stopped.Done())
	factory.WaitForCacheSync(stopped.Done())
	for informer, handler := range map[cache.SharedIndexInformer]cache.ResourceEventHandler{
		pods: controller.PodEventHandler, namespaces: controller.NamespaceEventHandler, policies: controller.NetworkPolicyEventHandler,
	} {
		_, err := informer.AddEventHandler(handler)
		check(err)
	}

	// Nobody asks for its health here, but it does not go on when nobody takes its heartbeats.
	heartbeats := make(chan *healthcheck.ControllerHeartbeat)
	go func() {
		for range heartbeats {
		}
	}()
	var running sync.WaitGroup
	running.Add(1)
	controller.Run(heartbeats, stopped.Done(), &running)
	running.Wait()
	// Not the one that ran: its buffer of rules is full, and everybody else's would be there twice afterwards.
	newController().Cleanup()
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
