"""Where reports come in: Argo CD Applications, DeploymentEvents, HTTP. Out: reports, handed to the recorder.

Each source maps its own words with mapping/ and knows nothing of the others.
"""
