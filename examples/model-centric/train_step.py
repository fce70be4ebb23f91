"""A Python step beside the TypeScript ones: trains with scikit-learn and logs with mlflow, to the same server.

Start `kfp-ts serve`, then: MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python train_step.py ../data/breast-cancer.csv
"""

import sys

import mlflow
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

table = pd.read_csv(sys.argv[1])
features, target = table.drop(columns="diagnosis"), table["diagnosis"]
x_train, x_test, y_train, y_test = train_test_split(features, target, test_size=0.3, random_state=7, stratify=target)

mlflow.set_experiment("which forest")
with mlflow.start_run(run_name="scikit-learn") as run:
    mlflow.log_params({"c": 1.0, "library": "scikit-learn"})
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0)).fit(x_train, y_train)
    accuracy = accuracy_score(y_test, model.predict(x_test))
    mlflow.log_metric("accuracy", accuracy)
    mlflow.sklearn.log_model(model, name="model", registered_model_name="breast-cancer-sklearn")
client = mlflow.MlflowClient()
client.set_registered_model_alias("breast-cancer-sklearn", "champion", "1")
loaded = mlflow.sklearn.load_model("models:/breast-cancer-sklearn@champion")
assert accuracy_score(y_test, loaded.predict(x_test)) == accuracy
print(f"accuracy {accuracy:.3f}, registered and loaded again")
