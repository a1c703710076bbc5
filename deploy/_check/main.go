// Command check decodes Kubernetes objects with the types of k8s.io/api. It refuses
// fields that these types do not have, values of another type, and fields that are
// there twice.
//
//	go run -C deploy/_check . ../kubernetes.yaml
//
// It is a module of its own, so that pastiche does not depend on Kubernetes.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/json"
	yamljson "sigs.k8s.io/yaml"
)

// kinds are the types of the objects, by "apiVersion kind".
var kinds = map[string]any{
	"v1 ConfigMap":                           &corev1.ConfigMap{},
	"v1 Service":                             &corev1.Service{},
	"apps/v1 Deployment":                     &appsv1.Deployment{},
	"apps/v1 StatefulSet":                    &appsv1.StatefulSet{},
	"autoscaling/v2 HorizontalPodAutoscaler": &autoscalingv2.HorizontalPodAutoscaler{},
	"networking.k8s.io/v1 Ingress":           &networkingv1.Ingress{},
	"networking.k8s.io/v1 NetworkPolicy":     &networkingv1.NetworkPolicy{},
	"policy/v1 PodDisruptionBudget":          &policyv1.PodDisruptionBudget{},
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: check FILE")
		os.Exit(2)
	}
	if err := check(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for n := 1; ; n++ {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			fmt.Printf("%s: %d objects\n", file, n-1)
			return nil
		}
		if err != nil {
			return err
		}
		text, err := yamljson.YAMLToJSONStrict(document)
		if err != nil {
			return fmt.Errorf("%s: object %d: %w", file, n, err)
		}
		var object metav1.TypeMeta
		if err := json.UnmarshalCaseSensitivePreserveInts(text, &object); err != nil {
			return fmt.Errorf("%s: object %d: %w", file, n, err)
		}
		into, known := kinds[object.APIVersion+" "+object.Kind]
		if !known {
			return fmt.Errorf("%s: object %d: unknown kind %s %s", file, n, object.APIVersion, object.Kind)
		}
		unknown, err := json.UnmarshalStrict(text, into)
		if err := errors.Join(append(unknown, err)...); err != nil {
			return fmt.Errorf("%s: object %d, %s: %w", file, n, object.Kind, err)
		}
	}
}
